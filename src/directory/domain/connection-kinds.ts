const DAY_S = 86_400;

/**
 * What each kind of connection shows at the door. `bearer`: a secret of ours as a bearer token; `header`: a secret of
 * ours as the whole Authorization header; `signature`: bodies signed with a shared secret or a private key of theirs.
 * `silenceAfterS`: how long it may be silent unless somebody says otherwise. A SCIM client asks several times a day
 * whether or not anything has happened; events come when something does.
 */
export const CONNECTION_KINDS = {
  scim: { credential: 'bearer', door: 'scim', silenceAfterS: DAY_S },
  'okta-event-hook': { credential: 'header', door: 'webhooks', silenceAfterS: null },
  'standard-webhooks': { credential: 'signature', door: 'webhooks', silenceAfterS: null },
} as const;

/** Of a new connection, seconds; null: it may be silent for ever. */
export const silenceDefaultOf = (kind: ConnectionKind): number | null =>
  CONNECTION_KINDS[kind].silenceAfterS;

export type ConnectionKind = keyof typeof CONNECTION_KINDS;

export const connectionKinds = Object.keys(CONNECTION_KINDS) as readonly ConnectionKind[];

/** Where the IdP sends what it has to say. */
export const connectionPath = (kind: ConnectionKind, id: string): string =>
  CONNECTION_KINDS[kind].door === 'scim' ? '/scim/v2' : `/webhooks/${id}`;
