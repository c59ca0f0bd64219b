import {
  entryOf as auditEntry,
  type Actor,
  type AuditAction,
  type AuditEntry,
  type Subject,
} from '../../audit/index.js';
import type { CauseKind, GenerationScope } from '../../contract/revocation-record.js';
import type {
  CaseId,
  ConnectionId,
  EntryId,
  ResourceId,
  SignalId,
  UserId,
} from '../../kernel/ids.js';
import type { ToldEvent } from '../../outbox/index.js';
import type { Origin, ResourceImage, SignalOutcome, StoredResource } from './change.js';
import { issuerSubjectName, issuerSubjectsOf } from './issuer-subjects.js';
import type { ForeignName, Person } from './person.js';

/** Makes ids. Handed in, so that a plan is a function of its arguments. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what it names
export type MakeId = <T extends string>() => T;

/** What surrounds a plan: where the change comes from, and the primary's clock after the locks were held. */
export interface Circumstances {
  readonly origin: Origin;
  readonly at: Date;
  /** Of the installation. */
  readonly epoch: number;
  readonly makeId: MakeId;
  /** Who asks; the connection unless it is somebody else. */
  readonly actor?: Actor;
}

export interface Cause {
  readonly kind: CauseKind;
  readonly connection: ConnectionId | null;
  readonly signal: SignalId | null;
  readonly actor: string | null;
  readonly reason: string | null;
}

export interface CaseWrite {
  readonly id: CaseId;
  readonly scope: GenerationScope | 'api_key' | null;
  readonly subject: string | null;
  readonly user: UserId | null;
  readonly generation: number | null;
  readonly cause: Cause;
  readonly devices: number;
  readonly tokens: number;
  readonly receivedAt: Date;
  readonly revokedAt: Date | null;
}

/** A case that was opened for a signal about somebody unknown, and now has its person. */
export type CaseResolution = Pick<
  CaseWrite,
  'id' | 'subject' | 'user' | 'generation' | 'devices' | 'tokens' | 'revokedAt'
>;

export type RecordDraft = {
  readonly cause: CauseKind;
  readonly case: CaseId;
  readonly entry: EntryId;
} & (
  | { readonly scope: GenerationScope; readonly subject: string; readonly generation: number }
  | { readonly scope: 'ext'; readonly name: ForeignName }
);

/** What is told on the events topic, before it is known by which request: names, no values. */
export type EventDraft = Omit<ToldEvent, 'txn' | 'connection'>;

export interface Identity {
  readonly kind: 'scim_id' | 'iss_sub' | 'external_id' | 'user_name' | 'email';
  readonly value: string;
}

export type ResourceWrite =
  | { readonly kind: 'insert'; readonly resource: StoredResource }
  | { readonly kind: 'update'; readonly resource: StoredResource }
  /** Nothing of it changes but whether it is active. */
  | { readonly kind: 'activity'; readonly resource: StoredResource }
  | { readonly kind: 'tombstone'; readonly resource: ResourceId };

/** Everything that one change does. Nothing in it has happened yet. */
export interface Plan {
  readonly newUser: UserId | null;
  /** The person's access as it becomes; null when it stays. */
  readonly person: Person | null;
  readonly resource: ResourceWrite | null;
  readonly identitiesAdded: readonly Identity[];
  readonly identitiesEnded: readonly Identity[];
  /** The case under which the person's living tokens end and, when they left, their assignments. */
  readonly tokensEnd: {
    readonly user: UserId;
    readonly case: CaseId;
    readonly cause: CauseKind;
    readonly left: boolean;
  } | null;
  readonly cases: readonly CaseWrite[];
  readonly resolutions: readonly CaseResolution[];
  readonly signals: readonly {
    readonly id: SignalId;
    readonly outcome: SignalOutcome['kind'];
    readonly case: CaseId | null;
    readonly user: UserId | null;
  }[];
  readonly waits: readonly {
    readonly signal: SignalId;
    readonly kind: string;
    readonly value: string;
  }[];
  readonly entries: readonly AuditEntry[];
  readonly records: readonly RecordDraft[];
  /** What others are told: of the resources that changed, and of the cases that no such event tells. */
  readonly events: readonly EventDraft[];
}

export const NOTHING = {
  newUser: null,
  person: null,
  resource: null,
  identitiesAdded: [],
  identitiesEnded: [],
  tokensEnd: null,
  cases: [],
  resolutions: [],
  signals: [],
  waits: [],
  entries: [],
  records: [],
  events: [],
} as const satisfies Plan;

export interface EntryDraft {
  readonly action: AuditAction;
  readonly outcome?: AuditEntry['outcome'];
  readonly actor?: Actor;
  readonly subject: Subject | null;
  readonly case?: CaseId | null;
  readonly detail?: AuditEntry['detail'];
}

/** The request that an event belongs to: the same for all that it changes, and numbered where it says several things. */
const txnOf = ({ requestId, operation }: Pick<Origin, 'requestId' | 'operation'>): string =>
  operation === undefined ? requestId : `${requestId}:${operation}`;

/** Events of these circumstances, as they are told. */
export const eventsOf = (
  { origin }: Pick<Circumstances, 'origin'> | { readonly origin: Asked },
  events: readonly EventDraft[],
): readonly ToldEvent[] =>
  events.map((event) => ({ ...event, txn: txnOf(origin), connection: origin.connection ?? null }));

/** An operator's request. */
type Asked = Pick<Origin, 'requestId'> & { readonly connection?: null };

/** An audit entry of these circumstances; the actor is the draft's, else whoever asks. */
export function entryOf(around: Circumstances, draft: EntryDraft): AuditEntry {
  const { organization, connection, requestId } = around.origin;
  return auditEntry({
    id: around.makeId<EntryId>(),
    org: organization,
    at: around.at.toISOString(),
    action: draft.action,
    outcome: draft.outcome ?? 'success',
    actor: draft.actor ?? around.actor ?? { type: 'connection', id: connection },
    subject: draft.subject,
    case: draft.case ?? null,
    connection,
    request_id: requestId,
    detail: draft.detail ?? {},
  });
}

/** How a resource names its person to signals. */
export function identitiesOf(
  id: ResourceId | null,
  image: Pick<ResourceImage, 'userName' | 'externalId' | 'emails' | 'attributes'>,
): Identity[] {
  const identities: Identity[] = [{ kind: 'user_name', value: image.userName.toLowerCase() }];
  if (id !== null) identities.push({ kind: 'scim_id', value: id });
  if (image.externalId !== null) identities.push({ kind: 'external_id', value: image.externalId });
  for (const value of new Set(image.emails)) identities.push({ kind: 'email', value });
  for (const value of new Set(issuerSubjectsOf(image.attributes).map(issuerSubjectName)))
    identities.push({ kind: 'iss_sub', value });
  return identities;
}

/** Those of `some` that are not among `others`. */
export const without = (some: readonly Identity[], others: readonly Identity[]): Identity[] =>
  some.filter((a) => !others.some((b) => a.kind === b.kind && a.value === b.value));
