import type { Tx } from '../../kernel/tx.js';
import type { GroupId, ResourceId } from '../../kernel/ids.js';
import { rows, sql, type Statement } from '../../platform/postgres/rows.js';
import type {
  ResourceMark,
  ResourcePosition,
  ResourceSearch,
  ResourceSlice,
  ScimPlace,
} from '../resources.js';
import { bindingTo, condition, type Bind } from './filter-sql.js';
import { isEquality } from './look-ups.js';
import { afterSql, MADE, orderSql } from './order-sql.js';

/** What is looked through, as `r`. Both tables have ids, times of making and tombstones. */
export interface Shelf {
  readonly table: 'resources' | 'groups';
  readonly columns: string;
}

const whereOf = (search: ResourceSearch, bind: Bind): string =>
  `r.organization_id = $1 and r.connection_id = $2 and r.deleted_at is null and ${condition(search.filter, bind)}`;

type Found<R> = { readonly total: number } & (R | { readonly id: null });
type Followed<R> = R & { readonly key: string | null; readonly made: string };

// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what its columns are
export async function findRows<R extends { readonly id: string }>(
  tx: Tx,
  { table, columns }: Shelf,
  { place, search }: { readonly place: ScimPlace; readonly search: ResourceSearch },
  slice: ResourceSlice,
): Promise<{ readonly total: number; readonly found: readonly R[] }> {
  const values: unknown[] = [place.organization, place.connection, slice.offset, slice.limit];
  const bind = bindingTo(values);
  const where = whereOf(search, bind);
  const { key, orderBy, outside } = orderSql(search.order, bind);
  // The count stands beside the page, so that an empty page still says how many there are.
  const text = `select t.total, p.*
       from (select count(*)::int as total from ${table} r where ${where}) t
       left join (select ${columns}, ${key ?? 'null'} as key from ${table} r where ${where}
                   order by ${orderBy} offset $3 limit $4) p on true
      order by ${outside}`;
  const found = await rows<Found<R>>(tx, statementFor(search, text), values);
  return {
    total: found[0]?.total ?? 0,
    found: found.filter((row): row is { readonly total: number } & R => row.id !== null),
  };
}

/** Those who come after a mark, and where the next ones begin. Its cost does not grow with what lies before. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what its columns are
export async function followRows<R extends { readonly id: ResourceId | GroupId }>(
  tx: Tx,
  { table, columns }: Shelf,
  { place, search }: { readonly place: ScimPlace; readonly search: ResourceSearch },
  { from, limit }: ResourceMark,
): Promise<{ readonly found: readonly R[]; readonly next: ResourcePosition | null }> {
  const values: unknown[] = [place.organization, place.connection, limit + 1];
  const bind = bindingTo(values);
  const where = whereOf(search, bind);
  const order = orderSql(search.order, bind);
  const after = from === null ? 'true' : afterSql(order, from, bind);
  const text = `select ${columns}, ${order.key ?? 'null'} as key, ${MADE} as made from ${table} r
                 where ${where} and ${after} order by ${order.orderBy} limit $3`;
  const all = await rows<Followed<R>>(tx, sql('', text), values);
  const found = all.slice(0, limit);
  const last = found.at(-1);
  return {
    found,
    next:
      all.length > limit && last !== undefined
        ? { key: last.key, createdAt: last.made, id: last.id }
        : null,
  };
}

const names = new Map<string, string>();

/** What IdPs really ask is kept prepared. Short equalities differ in kind only: there are a few dozen of them. */
function statementFor({ filter, order }: ResourceSearch, text: string): Statement {
  if (order !== null || !isEquality(filter)) return sql('', text);
  const name = names.get(text) ?? `directory.find_rows.${names.size}`;
  names.set(text, name);
  return sql(name, text);
}
