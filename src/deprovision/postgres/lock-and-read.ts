import type {
  ApiKeyId,
  CaseId,
  ConnectionId,
  OrganizationId,
  ResourceId,
  SignalId,
  UserId,
} from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { firstRows, rows, sql, type Statement } from '../../platform/postgres/rows.js';
import type { SignalChange, SignalEffect, SignalOutcome } from '../domain/change.js';
import type { ForeignName, Person } from '../domain/person.js';
import type { BeforeEdit } from '../domain/plan-edit.js';
import type { Place } from '../domain/plan-membership.js';
import type { FamilyState, SubjectState } from '../domain/plan-subject.js';
import type { Identity } from '../domain/plan.js';
import type { WaitingSignal } from '../domain/waiting-signals.js';
import { resourceOf, type ResourceRow } from './resource-row.js';

// Each of these is one trip: a volatile function of the heart's migration that locks first and reads afterwards,
// in a statement with a snapshot of its own. What writes nothing travels with BEGIN.

const lockResourceSql = sql('heart.lock_resource', 'select lock_resource($1, $2, $3) as before');

/** The person of a resource, locked. Null when the connection has no such living resource. */
export async function lockResource(
  tx: Tx,
  organization: OrganizationId,
  connection: ConnectionId,
  resource: ResourceId,
): Promise<BeforeEdit | null> {
  const which = [organization, connection, resource];
  const before = await only<EditRow>(tx, lockResourceSql, which, firstRows);
  if (before === null) return null;
  return { at: new Date(before.at), person: before.person, resource: resourceOf(before.resource) };
}

const lockNamesSql = sql(
  'heart.lock_new_names',
  'select lock_new_names($1, $2, $3, $4, $5::jsonb) as before',
);

/** New names of a resource, locked against signals that speak of them: a signal about one waits, or is seen. */
export async function lockNewNames(
  tx: Tx,
  resource: {
    readonly organization: OrganizationId;
    readonly connection: ConnectionId;
    readonly id: ResourceId;
  },
  userName: string,
  names: readonly Identity[],
): Promise<
  Pick<NamesRow, 'taken' | 'foreign' | 'here'> & { readonly waiting: readonly WaitingSignal[] }
> {
  if (names.length === 0) return { taken: false, waiting: [], foreign: [], here: false };
  const before = await only<NamesRow>(tx, lockNamesSql, [
    resource.organization,
    resource.connection,
    resource.id,
    userName.toLowerCase(),
    JSON.stringify(names),
  ]);
  return {
    taken: before?.taken ?? false,
    waiting: (before?.waiting ?? []).map(waitingOf),
    foreign: before?.foreign ?? [],
    here: before?.here ?? false,
  };
}

const lockCreationSql = sql(
  'heart.lock_creation',
  'select lock_creation($1, $2, $3, $4::jsonb) as before',
);

/** The names of a resource to be, locked; and the person it links to, or the one who has its user name already. */
export async function lockCreation(
  tx: Tx,
  origin: { readonly organization: OrganizationId; readonly connection: ConnectionId },
  userName: string,
  names: readonly Identity[],
): Promise<{
  readonly at: Date;
  readonly taken: boolean;
  readonly person: Person | null;
  readonly waiting: readonly WaitingSignal[];
  readonly foreign: readonly ForeignName[];
  readonly access: Place | null;
}> {
  const which = [
    origin.organization,
    origin.connection,
    userName.toLowerCase(),
    JSON.stringify(names),
  ];
  const before = await required<CreationRow>(tx, lockCreationSql, which, firstRows);
  return {
    at: new Date(before.at),
    taken: before.taken,
    person: before.person,
    waiting: before.waiting.map(waitingOf),
    foreign: before.foreign,
    access: before.access ?? null,
  };
}

const lockNameOwnerSql = sql(
  'heart.lock_name_owner',
  'select lock_name_owner($1, $2, $3) as before',
);

/** The person who has this user name in the connection, locked; null when nobody has it. */
export async function lockNameOwner(
  tx: Tx,
  origin: { readonly organization: OrganizationId; readonly connection: ConnectionId },
  userName: string,
): Promise<{ readonly at: Date; readonly person: Person } | null> {
  const before = await only<{ readonly at: string; readonly person: Person }>(
    tx,
    lockNameOwnerSql,
    [origin.organization, origin.connection, userName.toLowerCase()],
  );
  return before === null ? null : { at: new Date(before.at), person: before.person };
}

const lockSignalSql = sql('heart.lock_signal', 'select lock_signal($1::jsonb) as before');

export type LockedSignal =
  | { readonly first: Pick<SignalOutcome, 'kind' | 'signal' | 'case'> }
  | { readonly at: Date; readonly users: readonly UserId[]; readonly person: Person | null };

/** Claims the signal and locks the person it means; a repeat waits for the first and gets its answer. */
export async function lockSignal(
  tx: Tx,
  id: SignalId,
  { origin, signal }: SignalChange,
): Promise<LockedSignal> {
  const before = await required<SignalRow>(tx, lockSignalSql, [
    JSON.stringify({
      id,
      organization: origin.organization,
      connection: origin.connection,
      dedupe_key: signal.dedupeKey,
      event_type: signal.eventType,
      occurred_at: signal.occurredAt,
      received_at: origin.receivedAt,
      effect: signal.effect,
      class: signal.class,
      subject: signal.subject,
    }),
  ]);
  if ('first' in before) return before;
  return { at: new Date(before.at), users: before.users, person: before.person };
}

const lockSubjectSql = sql('heart.lock_subject', 'select lock_subject($1, $2, $3) as before');

/** An operator's subject, locked; for an organization no token is issued until the transaction ends. */
export async function lockSubject(
  tx: Tx,
  organization: OrganizationId,
  scope: string,
  id: string,
): Promise<SubjectState | null> {
  const before = await only<SubjectRow>(tx, lockSubjectSql, [organization, scope, id]);
  return before === null ? null : { ...before, at: new Date(before.at) };
}

const lockApiKeySql = sql('heart.lock_api_key', 'select lock_api_key($1, $2) as before');

/** An API key, ended, and the families that came through it, locked. */
export async function lockApiKey(
  tx: Tx,
  organization: OrganizationId,
  key: ApiKeyId,
): Promise<{ readonly at: Date; readonly families: readonly FamilyState[] } | null> {
  const before = await only<{ at: string; families: FamilyState[] }>(tx, lockApiKeySql, [
    organization,
    key,
  ]);
  return before === null ? null : { at: new Date(before.at), families: before.families };
}

async function only<T>(
  tx: Tx,
  statement: Statement,
  values: readonly unknown[],
  ask: typeof rows = rows,
): Promise<T | null> {
  const [row] = await ask<{ before: T | null }>(tx, statement, values);
  return row?.before ?? null;
}

async function required<T>(
  tx: Tx,
  statement: Statement,
  values: readonly unknown[],
  ask: typeof rows = rows,
): Promise<T> {
  const before = await only<T>(tx, statement, values, ask);
  if (before === null) throw new TypeError(`${statement.name} answered nothing`);
  return before;
}

interface WaitingRow {
  readonly id: SignalId;
  readonly connection: ConnectionId;
  readonly case: CaseId | null;
  readonly effect: SignalEffect;
  readonly class: string;
  readonly occurred_at: string;
}

interface EditRow {
  readonly at: string;
  readonly person: Person;
  readonly resource: ResourceRow;
}

interface NamesRow {
  readonly taken: boolean;
  readonly waiting: readonly WaitingRow[];
  readonly foreign: readonly ForeignName[];
  readonly here: boolean;
}

interface CreationRow extends Omit<NamesRow, 'here'> {
  readonly at: string;
  readonly person: Person | null;
  /** Missing when the name is taken. */
  readonly access?: Place | null;
}

type SignalRow =
  | {
      readonly first: {
        readonly kind: SignalOutcome['kind'];
        readonly signal: SignalId;
        readonly case: CaseId | null;
      };
    }
  | { readonly at: string; readonly users: readonly UserId[]; readonly person: Person | null };

type SubjectRow = Omit<SubjectState, 'at'> & { readonly at: string };

const waitingOf = (row: WaitingRow): WaitingSignal => ({
  id: row.id,
  connection: row.connection,
  case: row.case,
  effect: row.effect,
  class: row.class,
  occurredAt: new Date(row.occurred_at).toISOString(),
});
