import type { ResourceId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, type Statement } from '../../platform/postgres/rows.js';
import type { Resource, ResourceCondition, ResourceSlice, ScimPlace } from '../resources.js';

export interface Found {
  readonly total: number;
  readonly items: readonly Resource[];
}

export async function findResources(
  tx: Tx,
  place: ScimPlace,
  conditions: readonly ResourceCondition[],
  slice: ResourceSlice,
): Promise<Found> {
  const ordered = conditions.toSorted((a, b) => (a.on < b.on ? -1 : Number(a.on > b.on)));
  const found = await rows<FoundRow>(tx, statementFor(ordered), [
    place.organization,
    place.connection,
    slice.offset,
    slice.limit,
    ...ordered.flatMap(valuesOf),
  ]);
  return { total: found[0]?.total ?? 0, items: found.flatMap(resourceOf) };
}

/**
 * What each condition is in SQL, by the position of its first value. Only these texts and numbers are ever put
 * together; what a client sent is a parameter. User names and e-mails are stored folded by us, not by the
 * database's locale.
 */
const CONDITIONS: Readonly<Record<ResourceCondition['on'], (at: number) => string>> = {
  id: (at) => `id = $${at}`,
  user_name: (at) => `user_name_key = $${at}`,
  external_id: (at) => `external_id = $${at}`,
  email: (at) => `emails @> array[$${at}]`,
  typed_email: (at) => `emails @> array[$${at}] and exists (
    select 1 from jsonb_array_elements(attributes->'emails') e
     where lower(e->>'value') = lower($${at}) and lower(e->>'type') = lower($${at + 1}))`,
  manager: (at) =>
    `lower(attributes #>> '{urn:ietf:params:scim:schemas:extension:enterprise:2.0:User,manager,value}') = lower($${at})`,
};

function valuesOf(condition: ResourceCondition): readonly string[] {
  switch (condition.on) {
    case 'user_name':
    case 'email':
      return [condition.value.toLowerCase()];
    case 'typed_email':
      return [condition.value.toLowerCase(), condition.type];
    case 'id':
    case 'external_id':
    case 'manager':
      return [condition.value];
  }
}

/** Longer ones are rare: they are not kept prepared, so that nobody can fill a session with statements. */
const KEPT = 2;

function statementFor(conditions: readonly ResourceCondition[]): Statement {
  let at = 5;
  const all = conditions.map((condition) => {
    const text = CONDITIONS[condition.on](at);
    at += valuesOf(condition).length;
    return ` and ${text}`;
  });
  const where = `organization_id = $1 and connection_id = $2 and deleted_at is null${all.join('')}`;
  const name = ['directory.find_resources', ...conditions.map(({ on }) => on)].join('.');
  // The count stands beside the page, so that an empty page still says how many there are.
  return sql(
    conditions.length <= KEPT ? name : '',
    `select t.total, p.*
       from (select count(*)::int as total from resources where ${where}) t
       left join (select id, user_id, user_name, external_id, emails, active, attributes, version::int as version,
                         created_at, changed_at
                    from resources where ${where}
                   order by created_at, id offset $3 limit $4) p on true
      order by p.created_at, p.id`,
  );
}

interface ResourceRow {
  readonly id: ResourceId;
  readonly user_id: UserId;
  readonly user_name: string;
  readonly external_id: string | null;
  readonly emails: readonly string[];
  readonly active: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly created_at: Date;
  readonly changed_at: Date;
}

type FoundRow = { readonly total: number } & (ResourceRow | { readonly id: null });

function resourceOf(row: FoundRow): readonly Resource[] {
  if (row.id === null) return [];
  return [
    {
      id: row.id,
      user: row.user_id,
      userName: row.user_name,
      externalId: row.external_id,
      emails: row.emails,
      active: row.active,
      attributes: row.attributes,
      version: row.version,
      createdAt: row.created_at,
      changedAt: row.changed_at,
    },
  ];
}
