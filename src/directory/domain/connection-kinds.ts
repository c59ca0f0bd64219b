/**
 * What each kind of connection shows at the door. `bearer`: a secret of ours as a bearer token; `header`: a secret of
 * ours as the whole Authorization header; `signature`: bodies signed with a shared secret or a private key of theirs.
 */
export const CONNECTION_KINDS = {
  scim: { credential: 'bearer', door: 'scim' },
  'okta-event-hook': { credential: 'header', door: 'webhooks' },
  'standard-webhooks': { credential: 'signature', door: 'webhooks' },
} as const;

export type ConnectionKind = keyof typeof CONNECTION_KINDS;

export const connectionKinds = Object.keys(CONNECTION_KINDS) as readonly ConnectionKind[];

/** Where the IdP sends what it has to say. */
export const connectionPath = (kind: ConnectionKind, id: string): string =>
  CONNECTION_KINDS[kind].door === 'scim' ? '/scim/v2' : `/webhooks/${id}`;
