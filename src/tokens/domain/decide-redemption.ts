import type { Family } from './family.js';
import { heldBy, isAlive, type Refused } from './standing.js';

/** What a device says of itself when it redeems its bootstrap token. */
export interface Redeemer {
  readonly deviceIdentifier: string;
  readonly organization: string | null;
  readonly deviceId: string | null;
}

const INVALID: Refused = { refused: 'token.invalid' };

/** Null when the bootstrap token may be redeemed, once. */
export function decideRedemption(family: Family, redeemer: Redeemer): Refused | null {
  if (!isAlive(family.issued, family.standings)) return INVALID;
  if (family.redeemedAt !== null || family.at >= family.bootstrapExpiresAt) return INVALID;
  return heldBy(family.standings) ?? boundElsewhere(family, redeemer);
}

/**
 * The token is bound to one device of one organization. `device_identifier` is the string under which the backend
 * asked for the token; `device_id`, where a client sends it, is that string again or our id of the device. A
 * mistaken device does not use the token up.
 */
function boundElsewhere(family: Family, redeemer: Redeemer): Refused | null {
  const own = family.deviceIdentifier;
  const isOwn =
    (redeemer.organization ?? family.organization) === family.organization &&
    redeemer.deviceIdentifier === own &&
    (redeemer.deviceId === null ||
      redeemer.deviceId === own ||
      redeemer.deviceId === family.device);
  return isOwn
    ? null
    : { refused: 'token.bound_elsewhere', detail: 'the token belongs to another device' };
}
