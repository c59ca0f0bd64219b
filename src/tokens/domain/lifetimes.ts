/** How long things of a device token live. The access token's own limits stand in the contract. */

/** A bootstrap token, seconds: what is asked for by default, and the most. */
export const BOOTSTRAP_TTL_S = 900;
export const MAX_BOOTSTRAP_TTL_S = 3600;

const DAY_MS = 24 * 60 * 60 * 1000;

/** A device token ends this long after its issue, however often it is refreshed. */
export const FAMILY_LIFE_MS = 30 * DAY_MS;

/** And it ends when nobody refreshes it for this long. */
export const FAMILY_IDLE_MS = 7 * DAY_MS;

/**
 * How long a refresh secret that was just replaced still gets the answer it got: a client that lost the answer, or
 * asked twice at once, is no thief.
 */
export const GRACE_MS = 10_000;
