import type { ResourceId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, type Statement } from '../../platform/postgres/rows.js';
import type { ResourceFilter } from '../resource-filter.js';
import type { Resource, ResourceSlice, ScimPlace } from '../resources.js';
import { filterSql } from './filter-sql.js';

export interface Found {
  readonly total: number;
  readonly items: readonly Resource[];
}

export async function findResources(
  tx: Tx,
  place: ScimPlace,
  filter: ResourceFilter,
  slice: ResourceSlice,
): Promise<Found> {
  const { text, values } = filterSql(filter, 5);
  const found = await rows<FoundRow>(tx, statementFor(filter, text), [
    place.organization,
    place.connection,
    slice.offset,
    slice.limit,
    ...values,
  ]);
  return { total: found[0]?.total ?? 0, items: found.flatMap(resourceOf) };
}

function statementFor(filter: ResourceFilter, condition: string): Statement {
  const where = `r.organization_id = $1 and r.connection_id = $2 and r.deleted_at is null and ${condition}`;
  // The count stands beside the page, so that an empty page still says how many there are.
  const text = `select t.total, p.*
       from (select count(*)::int as total from resources r where ${where}) t
       left join (select id, user_id, user_name, external_id, emails, active, attributes, version::int as version,
                         created_at, changed_at
                    from resources r where ${where}
                   order by created_at, id offset $3 limit $4) p on true
      order by p.created_at, p.id`;
  return sql(isEquality(filter) ? nameOf(text) : '', text);
}

const names = new Map<string, string>();

/** What IdPs really ask is kept prepared. Short equalities differ in kind only: there are a few dozen of them. */
function nameOf(text: string): string {
  const name = names.get(text) ?? `directory.find_resources.${names.size}`;
  names.set(text, name);
  return name;
}

/** Longer ones are rare: they are not kept, so that nobody can fill a session with statements. */
const KEPT = 2;

function isEquality(filter: ResourceFilter): boolean {
  switch (filter.kind) {
    case 'id':
      return true;
    case 'text':
      return filter.is === 'eq';
    case 'all':
      return filter.of.length <= KEPT && filter.of.every(isTerm);
    case 'some':
      return isTerm(filter) || (filter.filter.kind === 'all' && isEquality(filter.filter));
    case 'any':
    case 'not':
    case 'active':
    case 'flag':
    case 'time':
    case 'present':
      return false;
  }
}

const isTerm = (filter: ResourceFilter): boolean =>
  filter.kind === 'some'
    ? filter.filter.kind === 'text' && filter.filter.is === 'eq'
    : filter.kind !== 'all' && isEquality(filter);

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
