import type { OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import type { ToldEvent } from '../../outbox/index.js';
import { lastly, sql, touch, type Statement } from '../../platform/postgres/rows.js';
import type { ConnectionId } from '../../kernel/ids.js';
import type { JsonValue, StoredResource } from '../domain/change.js';
import type { Plan, ResourceWrite } from '../domain/plan.js';
import { caseRow, type CaseRow, type Printed } from '../domain/compose-writes.js';
import { PARTS } from './write-parts.js';

type Part = keyof typeof PARTS;
const NAMES = Object.keys(PARTS) as readonly Part[];

/** There are as many as plans differ in kind: a handful, each prepared once per connection. */
const statements = new Map<string, Statement>();

// One statement, however much a plan does: round trips are the price, not rows. It runs after the locks are held,
// so its snapshot sees all that was issued before them.
function statementOf(parts: ReadonlySet<Part>): Statement {
  const names = NAMES.filter((name) => parts.has(name));
  const name = `heart.write_all.${names.map((one) => NAMES.indexOf(one).toString(36)).join('')}`;
  let statement = statements.get(name);
  if (statement === undefined) {
    const ctes = names.map((one) => `${one} as (${PARTS[one]})`);
    statement = sql(
      name,
      `with w as materialized (select $2::jsonb as x, $1::uuid, $3::timestamptz, $4::uuid),\n   ${ctes.join(',\n   ')}\n   select 1 as written`,
    );
    statements.set(name, statement);
  }
  return statement;
}

function partsOf(writes: Writes): ReadonlySet<Part> {
  const { resource, tokensEnd, endings = [], printed } = writes;
  const isKept = resource?.kind === 'insert' || resource?.kind === 'update';
  const needed: Readonly<Record<Part, boolean>> = {
    new_user: writes.newUser !== null,
    new_resource: resource?.kind === 'insert',
    changed_resource: resource?.kind === 'update',
    activities: activitiesOf(writes).length > 0,
    members_met: isKept && writes.identitiesAdded.some(({ kind }) => kind === 'external_id'),
    tombstone: resource?.kind === 'tombstone',
    members_gone: resource?.kind === 'tombstone',
    identities_ended: writes.identitiesEnded.length > 0,
    identities_added: writes.identitiesAdded.length > 0,
    access: writes.access.length > 0,
    tokens: tokensEnd !== null,
    assignments_ended: tokensEnd?.left === true,
    tokens_of_many: endings.length > 0,
    assignments_of_many: endings.some(({ left }) => left),
    new_cases: writes.cases.length > 0,
    resolved_cases: writes.resolutions.length > 0,
    signals: writes.signals.length > 0,
    waits_over: writes.signals.some(({ outcome }) => outcome === 'applied'),
    waits: writes.waits.length > 0,
    entries: printed.entries.length > 0,
    records: printed.records.length > 0,
    queue: printed.records.length > 0,
    events: (writes.events ?? []).length > 0,
  };
  return new Set(NAMES.filter((name) => needed[name]));
}

export interface Writes {
  readonly organization: OrganizationId;
  /** Null when an operator asked. */
  readonly connection: ConnectionId | null;
  /** The primary's clock after the locks were held. */
  readonly at: Date;
  /** Whom the identities belong to. */
  readonly user: string | null;
  readonly newUser: string | null;
  readonly resource: ResourceWrite | null;
  /** Whose `active` changes and nothing else, beside `resource`. */
  readonly activities?: readonly StoredResource[];
  readonly identitiesAdded: Plan['identitiesAdded'];
  readonly identitiesEnded: Plan['identitiesEnded'];
  readonly access: readonly {
    readonly scope: string;
    readonly subject_id: string;
    readonly generation: number;
    readonly holds: object;
    readonly lifts: object;
  }[];
  readonly tokensEnd: Plan['tokensEnd'];
  /** The same of many who have left. */
  readonly endings?: readonly NonNullable<Plan['tokensEnd']>[];
  readonly cases: Plan['cases'];
  readonly resolutions: Plan['resolutions'];
  readonly signals: Plan['signals'];
  readonly waits: Plan['waits'];
  readonly events?: readonly ToldEvent[];
  readonly printed: Printed;
}

/** Writes everything that a plan says, in one statement together with COMMIT. All of it exists if `tx` commits, and none of it else. */
export function writeAll(tx: Tx, writes: Writes): void {
  const parts = partsOf(writes);
  if (parts.size > 0) lastly(tx, statementOf(parts), valuesOf(writes));
}

/** The same as one statement of several: a set of people is written part by part, in one transaction all the same. */
export async function writeSome(tx: Tx, writes: Writes): Promise<void> {
  const parts = partsOf(writes);
  if (parts.size > 0) await touch(tx, statementOf(parts), valuesOf(writes));
}

function valuesOf(writes: Writes): readonly (string | Date | null)[] {
  const { resource, tokensEnd, endings = [], printed } = writes;
  return [
    writes.organization,
    JSON.stringify({
      user: writes.user,
      new_user: writes.newUser,
      resource:
        resource?.kind === 'insert' || resource?.kind === 'update' ? resourceRow(resource) : null,
      activities: activitiesOf(writes).map(({ id, active, version }) => ({
        id,
        active,
        version,
      })),
      tombstone: resource?.kind === 'tombstone' ? resource.resource : null,
      identities_added: writes.identitiesAdded,
      identities_ended: writes.identitiesEnded,
      access: writes.access,
      tokens_end: tokensEnd && endingRow(tokensEnd),
      endings: endings.map(endingRow),
      cases: writes.cases.map(caseRow) satisfies CaseRow[],
      resolutions: writes.resolutions.map((r) => ({
        id: r.id,
        user_id: r.user,
        generation: r.generation,
        devices: r.devices,
        tokens: r.tokens,
      })),
      signals: writes.signals.map((s) => ({
        id: s.id,
        outcome: s.outcome,
        case_id: s.case,
        user_id: s.user,
      })),
      waits: writes.waits.map((n) => ({ signal_id: n.signal, kind: n.kind, value: n.value })),
      events: (writes.events ?? []).map((e) => ({
        id: e.id,
        connection_id: e.connection,
        txn: e.txn,
        subject_id: e.subject,
        resource: e.resource,
        sub_id: e.identifier,
        type: e.type,
        events: e.events,
      })),
      entries: printed.entries,
      records: printed.records.map((r) => ({
        digest: r.digest,
        case_id: r.case,
        key: r.key,
        partition: r.partition,
        value: Buffer.from(r.value).toString('utf8'),
      })),
    }),
    writes.at,
    writes.connection,
  ];
}

const activitiesOf = ({ resource, activities = [] }: Writes): readonly StoredResource[] =>
  resource?.kind === 'activity' ? [resource.resource, ...activities] : activities;

const endingRow = (ending: NonNullable<Plan['tokensEnd']>) => ({
  user_id: ending.user,
  case_id: ending.case,
  cause: ending.cause,
  left: ending.left,
});

const resourceRow = ({ resource }: Extract<ResourceWrite, { kind: 'insert' | 'update' }>) => ({
  id: resource.id,
  user_id: resource.user,
  user_name: resource.userName,
  user_name_key: resource.userName.toLowerCase(),
  external_id: resource.externalId,
  emails: resource.emails,
  active: resource.active,
  attributes: resource.attributes,
  folded: folded(resource.attributes),
  version: resource.version,
});

/** As `user_name_key` is: PostgreSQL's lower() depends on its locale (ADR 1). Filters read it. */
function folded(value: JsonValue): JsonValue {
  if (typeof value === 'string') return value.toLowerCase();
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map(folded);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, folded(inner)]));
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
