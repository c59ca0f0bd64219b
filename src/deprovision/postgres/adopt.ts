import type { CaseId, OrganizationId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { recordKey, type GenerationScope } from '../../contract/revocation-record.js';
import type { RememberedCover, RememberedRecord } from '../../outbox/index.js';
import { rows, sql, touch } from '../../platform/postgres/rows.js';

// What a recovery takes over from the topic, set by set: the third file of the heart that names other rooms' tables.

const patience = sql('heart.adopt_patiently', `set local statement_timeout = '15min'`);

/** A week of leavers may take longer than a request would. */
export const takeTime = async (tx: Tx): Promise<void> => {
  await touch(tx, patience);
};

const cases = sql(
  'heart.adopt_cases',
  `insert into cases (id, organization_id, scope, subject_id, user_id, generation, cause_kind, received_at, revoked_at)
   select distinct on (r.id) r.id, o.id, r.scope, r.subject_id,
          case r.scope when 'user' then r.subject_id::uuid end, r.generation, r.cause, r.revoked_at, r.revoked_at
     from unnest($1::uuid[], $2::uuid[], $3::text[], $4::text[], $5::bigint[], $6::text[], $7::timestamptz[])
            as r (id, organization_id, scope, subject_id, generation, cause, revoked_at)
     left join organizations o on o.id = r.organization_id
    where o.id is not null or r.scope = 'kid'
    -- What foreign issuers call somebody is recorded beside what we do: the case is about that.
    order by r.id, r.scope = 'ext'
   on conflict (id) do nothing`,
);

const outbox = sql(
  'heart.adopt_outbox',
  `with kept as (
     insert into outbox (digest, organization_id, case_id, key, partition, value)
     select r.digest, c.organization_id, r.case_id, r.key, r.partition, r.value
       from unnest($1::text[], $2::uuid[], $3::text[], $4::integer[], $5::bytea[])
              as r (digest, case_id, key, partition, value)
       join cases c on c.id = r.case_id
      where not exists (select from outbox_records o where o.digest = r.digest)
     returning digest)
   select digest from kept`,
);

const acks = sql(
  'heart.adopt_acks',
  `insert into outbox_acks (digest, partition, "offset", acked_at)
   select r.digest, r.partition, r.at, r.stored_at
     from unnest($1::text[], $2::integer[], $3::bigint[], $4::timestamptz[]) as r (digest, partition, at, stored_at)
     join outbox_records o on o.digest = r.digest
   on conflict (digest) do nothing`,
);

const covers = sql(
  'heart.adopt_covers',
  `insert into outbox_covers (digest, partition, seq)
   select distinct on (r.digest) r.digest, r.partition, r.seq
     from unnest($1::text[], $2::integer[], $3::bigint[]) as r (digest, partition, seq)
     join outbox_records o on o.digest = r.digest
    order by r.digest, r.seq
   on conflict (digest) do nothing`,
);

const queue = sql(
  'heart.adopt_queue',
  `insert into outbox_pending (digest, partition, organization_id)
   select o.digest, o.partition, o.organization_id from unnest($1::text[]) as r (digest) join outbox o on o.digest = r.digest
    where not exists (select from outbox_covers c where c.digest = o.digest)
   on conflict (digest) do nothing`,
);

/**
 * Puts back records that only the topic has, with the cases they belong to and how far they had come. What no watermark
 * of the topic lists is queued, so that the next one does: else nobody would notice a broker that withholds it.
 */
export async function adoptRecords(
  tx: Tx,
  records: readonly RememberedRecord[],
  covered: readonly RememberedCover[],
): Promise<number> {
  const of = <T>(pick: (record: RememberedRecord) => T): T[] => records.map(pick);
  await touch(tx, cases, [
    of(({ record }) => record.case),
    of(({ record }) => (record.org === '*' ? null : record.org)),
    of(({ record }) => record.scope),
    of(({ record }) => record.subject),
    of(({ record }) => record.generation),
    of(({ record }) => record.cause),
    of(({ record }) => record.revoked_at),
  ]);
  const kept = await rows(tx, outbox, [
    of(({ digest }) => digest),
    of(({ record }) => record.case),
    of(({ record }) => recordKey(record)),
    of(({ partition }) => partition),
    of(({ value }) => value),
  ]);
  await touch(tx, acks, [
    of(({ digest }) => digest),
    of(({ partition }) => partition),
    of(({ offset }) => offset),
    of(({ storedAt }) => storedAt),
  ]);
  await touch(tx, covers, [
    covered.map(({ digest }) => digest),
    covered.map(({ partition }) => partition),
    covered.map(({ seq }) => seq),
  ]);
  await touch(tx, queue, [of(({ digest }) => digest)]);
  return kept.length;
}

/** A subject whose generation the topic knew to be larger. */
export interface Adopted {
  readonly organization: OrganizationId;
  readonly scope: GenerationScope;
  readonly subject: string;
  readonly before: number;
  readonly generation: number;
  readonly case: CaseId;
}

interface AdoptedRow {
  readonly organization_id: OrganizationId;
  readonly scope: GenerationScope;
  readonly subject_id: string;
  readonly before: string;
  readonly generation: string;
  readonly case_id: CaseId;
}

const generations = sql(
  'heart.adopt_generations',
  `with heard as (
     select distinct on (r.organization_id, r.scope, r.subject_id) r.*
       from unnest($1::uuid[], $2::text[], $3::uuid[], $4::bigint[], $5::uuid[])
              as r (organization_id, scope, subject_id, generation, case_id)
      order by r.organization_id, r.scope, r.subject_id, r.generation desc),
   older as (
     select g.organization_id, g.scope, g.subject_id, g.generation as before, h.generation, h.case_id
       from subject_generations g
       join heard h using (organization_id, scope, subject_id)
      where g.generation < h.generation
      order by g.organization_id, g.scope, g.subject_id
        for update of g)
   update subject_generations g
      set generation = o.generation, changed_at = $6,
          holds = case when g.scope in ('user', 'device')
                       then g.holds || jsonb_build_object('recovery', jsonb_build_object(
                              'set_at', $7::text, 'event_at', $7::text, 'case', o.case_id))
                       else g.holds end
     from older o
    where g.organization_id = o.organization_id and g.scope = o.scope and g.subject_id = o.subject_id
   returning g.organization_id, g.scope, g.subject_id, o.before, o.generation, o.case_id`,
);

const ended = (column: string) =>
  `update device_tokens t set revoked_at = c.revoked_at, revoked_cause = c.cause_kind, revoked_case = c.id
     from unnest($1::uuid[], $2::uuid[], $3::uuid[]) as r (organization_id, subject_id, case_id)
     join cases c on c.id = r.case_id
    where t.organization_id = r.organization_id and t.${column} = r.subject_id and t.revoked_at is null`;

const tokens = {
  org: sql('heart.adopt_end_of_org', ended('organization_id')),
  user: sql('heart.adopt_end_of_user', ended('user_id')),
  device: sql('heart.adopt_end_of_device', ended('device_id')),
  family: sql('heart.adopt_end_of_family', ended('id')),
} as const satisfies Record<GenerationScope, unknown>;

/**
 * Raises what the topic knew to be higher. People and devices are held besides: what happened to them since is not
 * known, and an operator decides.
 */
export async function adoptGenerations(
  tx: Tx,
  records: readonly RememberedRecord[],
  at: Date,
): Promise<readonly Adopted[]> {
  const raises = records.filter(({ record }) => record.generation !== null);
  const found = await rows<AdoptedRow>(tx, generations, [
    raises.map(({ record }) => record.org),
    raises.map(({ record }) => record.scope),
    raises.map(({ record }) => record.subject),
    raises.map(({ record }) => record.generation),
    raises.map(({ record }) => record.case),
    at,
    at.toISOString(),
  ]);
  for (const scope of ['org', 'user', 'device', 'family'] as const) {
    const these = found.filter((row) => row.scope === scope);
    if (these.length === 0) continue;
    await touch(tx, tokens[scope], [
      these.map((row) => row.organization_id),
      these.map((row) => row.subject_id),
      these.map((row) => row.case_id),
    ]);
  }
  return found.map((row) => ({
    organization: row.organization_id,
    scope: row.scope,
    subject: row.subject_id,
    before: Number(row.before),
    generation: Number(row.generation),
    case: row.case_id,
  }));
}

const kids = sql(
  'heart.adopt_kids',
  `insert into revoked_kids (kid, case_id, revoked_at)
   select * from unnest($1::text[], $2::uuid[], $3::timestamptz[]) on conflict (kid) do nothing
   returning kid, case_id`,
);

export interface RevokedKid {
  readonly kid: string;
  readonly case: CaseId;
  readonly at: Date;
}

/** Signing keys that were revoked stay so. @returns those that the database did not know */
export async function adoptKids(tx: Tx, revoked: readonly RevokedKid[]): Promise<RevokedKid[]> {
  const added = await rows<{ readonly kid: string }>(tx, kids, [
    revoked.map(({ kid }) => kid),
    revoked.map((one) => one.case),
    revoked.map(({ at }) => at),
  ]);
  return revoked.filter(({ kid }) => added.some((row) => row.kid === kid));
}

const demand = sql(
  'heart.demand_rosters',
  `insert into roster_demands (organization_id, epoch, demanded_at) select o.id, $1, $2 from organizations o
   on conflict do nothing
   returning organization_id`,
);

/** Each organization's IdPs must say again who is there: what they said since the copy was made is lost. */
export const demandRosters = async (
  tx: Tx,
  epoch: number,
  at: Date,
): Promise<readonly OrganizationId[]> =>
  (await rows<{ organization_id: OrganizationId }>(tx, demand, [epoch, at])).map(
    (row) => row.organization_id,
  );
