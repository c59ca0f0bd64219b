import type { CauseKind, GenerationScope } from './revocation-record.js';

/** What is told where no request changed a SCIM resource: CAEP 1.0 and RISC 1.0 of OpenID Shared Signals. */
export const ACCESS_EVENTS = {
  sessionRevoked: 'https://schemas.openid.net/secevent/caep/event-type/session-revoked',
  accountDisabled: 'https://schemas.openid.net/secevent/risc/event-type/account-disabled',
  accountEnabled: 'https://schemas.openid.net/secevent/risc/event-type/account-enabled',
} as const;
export type AccessEventUri = (typeof ACCESS_EVENTS)[keyof typeof ACCESS_EVENTS];

/** Who set it off (CAEP §2): an operator, the holder of a token, a rule of the organization, or another system. */
export type Initiator = 'admin' | 'user' | 'policy' | 'system';

/** Everything that was issued to the subject has ended (CAEP §3.1). The reason is one of ours, never what somebody wrote. */
export interface SessionRevoked {
  /** Unix seconds. */
  readonly event_timestamp: number;
  readonly initiating_entity: Initiator;
  readonly reason_admin: { readonly en: string };
}

interface Opaque {
  readonly format: 'opaque';
  readonly id: string;
}

/** A person by our id (RFC 9493, `opaque`); what is no person as what it is, and what it is of (SSF, `complex`). */
export type AccessSubject =
  | Opaque
  | {
      readonly format: 'complex';
      readonly tenant?: Opaque;
      readonly user?: Opaque;
      readonly device?: Opaque;
      readonly session?: Opaque;
      readonly application?: Opaque;
    };

/** What a case revoked. */
export interface RevokedSubject {
  readonly scope: GenerationScope | 'api_key';
  readonly subject: string;
  /** Whose it was, where that is one person. */
  readonly user: string | null;
}

/** An event about access, before it has an organization and a request. */
export interface AccessEvent {
  readonly id: string;
  /** Whose events keep their order. */
  readonly subject: string;
  /** The subject of the CloudEvent. */
  readonly resource: string;
  readonly identifier: AccessSubject;
  readonly type: AccessEventUri;
  readonly events: Readonly<
    Partial<Record<AccessEventUri, SessionRevoked | Record<string, never>>>
  >;
}

const REASONS: Readonly<Record<CauseKind, string>> = {
  scim: 'The identity provider ended it over SCIM.',
  signal: 'The identity provider sent a signal.',
  group: 'No place is left in a group that access comes from.',
  admin: 'It was revoked on purpose.',
  incident: 'It was revoked because of an incident.',
};

/** A case as it is told: its id is the event's, so that one case is one event however often, and by whomever, it is sent. */
export const caseEvent = (
  told: RevokedSubject & {
    readonly case: string;
    readonly at: Date;
    readonly cause: CauseKind;
    readonly initiator: Initiator;
    /** Whether the person gets nothing new. */
    readonly isHeld: boolean;
  },
): AccessEvent => ({
  id: told.case,
  subject: told.user ?? told.subject,
  resource: `${told.scope}/${told.subject}`,
  identifier: identifierOf(told),
  type: ACCESS_EVENTS.sessionRevoked,
  events: {
    [ACCESS_EVENTS.sessionRevoked]: {
      event_timestamp: Math.floor(told.at.getTime() / 1000),
      initiating_entity: told.initiator,
      reason_admin: { en: REASONS[told.cause] },
    },
    ...(told.isHeld && { [ACCESS_EVENTS.accountDisabled]: {} }),
  },
});

/** A person's first hold without a case, or the end of the last one. */
export const accountEvent = (
  id: string,
  user: string,
  type: typeof ACCESS_EVENTS.accountDisabled | typeof ACCESS_EVENTS.accountEnabled,
): AccessEvent => ({
  id,
  subject: user,
  resource: `user/${user}`,
  identifier: opaque(user),
  type,
  events: { [type]: {} },
});

const opaque = (id: string): Opaque => ({ format: 'opaque', id });

function identifierOf({ scope, subject, user }: RevokedSubject): AccessSubject {
  const named = opaque(subject);
  const owner = user === null ? {} : { user: opaque(user) };
  switch (scope) {
    case 'user':
      return named;
    case 'org':
      return { format: 'complex', tenant: named };
    case 'device':
      return { format: 'complex', device: named, ...owner };
    case 'family':
      return { format: 'complex', session: named, ...owner };
    case 'api_key':
      return { format: 'complex', application: named };
  }
}
