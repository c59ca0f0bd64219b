import type { ResourceId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql, type Statement } from '../../platform/postgres/rows.js';
import { bindingTo, condition, type Bind } from './filter-sql.js';
import { isEquality } from './look-ups.js';
import { afterSql, MADE, orderSql } from './order-sql.js';
import type {
  Resource,
  ResourceMark,
  ResourcePosition,
  ResourceSearch,
  ResourceSlice,
  ScimPlace,
} from '../resources.js';

export interface Found {
  readonly total: number;
  readonly items: readonly Resource[];
}

const COLUMNS = `r.id, r.user_id, r.user_name, r.external_id, r.emails, r.active, r.attributes, r.version::int as version,
                 r.created_at, r.changed_at`;

const whereOf = (search: ResourceSearch, bind: Bind): string =>
  `r.organization_id = $1 and r.connection_id = $2 and r.deleted_at is null and ${condition(search.filter, bind)}`;

export interface Followed {
  readonly items: readonly Resource[];
  readonly next: ResourcePosition | null;
}

export async function findResources(
  tx: Tx,
  place: ScimPlace,
  search: ResourceSearch,
  slice: ResourceSlice,
): Promise<Found> {
  const values: unknown[] = [place.organization, place.connection, slice.offset, slice.limit];
  const bind = bindingTo(values);
  const where = whereOf(search, bind);
  const { key, orderBy, outside } = orderSql(search.order, bind);
  // The count stands beside the page, so that an empty page still says how many there are.
  const text = `select t.total, p.*
       from (select count(*)::int as total from resources r where ${where}) t
       left join (select ${COLUMNS}, ${key ?? 'null'} as key from resources r where ${where}
                   order by ${orderBy} offset $3 limit $4) p on true
      order by ${outside}`;
  const found = await rows<FoundRow>(tx, statementFor(search, text), values);
  return { total: found[0]?.total ?? 0, items: found.flatMap(resourceOf) };
}

/** Those who come after a mark, and where the next ones begin. Its cost does not grow with what lies before. */
export async function followResources(
  tx: Tx,
  place: ScimPlace,
  search: ResourceSearch,
  { from, limit }: ResourceMark,
): Promise<Followed> {
  const values: unknown[] = [place.organization, place.connection, limit + 1];
  const bind = bindingTo(values);
  const where = whereOf(search, bind);
  const order = orderSql(search.order, bind);
  const after = from === null ? 'true' : afterSql(order, from, bind);
  const found = await rows<FollowedRow>(
    tx,
    sql(
      '',
      `select ${COLUMNS}, ${order.key ?? 'null'} as key, ${MADE} as made from resources r
        where ${where} and ${after} order by ${order.orderBy} limit $3`,
    ),
    values,
  );
  const items = found.slice(0, limit);
  const last = items.at(-1);
  return {
    items: items.flatMap(resourceOf),
    next:
      found.length > limit && last !== undefined
        ? { key: last.key, createdAt: last.made, id: last.id }
        : null,
  };
}

const names = new Map<string, string>();

/** What IdPs really ask is kept prepared. Short equalities differ in kind only: there are a few dozen of them. */
function statementFor({ filter, order }: ResourceSearch, text: string): Statement {
  if (order !== null || !isEquality(filter)) return sql('', text);
  const name = names.get(text) ?? `directory.find_resources.${names.size}`;
  names.set(text, name);
  return sql(name, text);
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
type FollowedRow = ResourceRow & { readonly key: string | null; readonly made: string };

function resourceOf(row: ResourceRow | { readonly id: null }): readonly Resource[] {
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
