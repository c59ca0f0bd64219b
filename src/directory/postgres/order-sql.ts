import type { ResourceOrder, ResourcePosition } from '../resources.js';
import type { Bind } from './filter-sql.js';

/** Enough to tell people apart, and little enough for a cursor. */
const KEY_LENGTH = 256;

export interface OrderSql {
  /** Null when there is none but the order of making. */
  readonly key: string | null;
  readonly isDescending: boolean;
  readonly orderBy: string;
  /** The same of rows `p` that have been cut out. */
  readonly outside: string;
}

/** Texts by code point. What is missing comes last, and first when it is the other way round (RFC 7644 §3.4.2.3). */
export function orderSql(order: ResourceOrder | null, bind: Bind): OrderSql {
  const made = { orderBy: 'r.created_at, r.id', outside: 'p.created_at, p.id' };
  if (order === null) return { ...made, key: null, isDescending: false };
  const key = `left(${valueOf(order, bind)}, ${KEY_LENGTH}) collate "C"`;
  const direction = order.descending ? 'desc' : 'asc';
  return {
    key,
    isDescending: order.descending,
    orderBy: `${key} ${direction}, ${made.orderBy}`,
    outside: `p.key ${direction}, ${made.outside}`,
  };
}

function valueOf({ by }: ResourceOrder, bind: Bind): string {
  switch (by.kind) {
    case 'column':
      return COLUMNS[by.column];
    case 'attribute':
      return `(${by.exact ? 'r.attributes' : 'r.folded'} #>> ${bind(by.path, 'text[]')})`;
    case 'list': {
      const list = `${by.exact ? 'r.attributes' : 'r.folded'} #> ${bind(by.path, 'text[]')}`;
      // The primary one, else the first.
      return `(coalesce(jsonb_path_query_first(${list}, '$[*] ? (@.primary == true)'), jsonb_path_query_first(${list}, '$[*]'))
                ->> ${bind(by.part, 'text')})`;
    }
  }
}

const utc = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')`;

const COLUMNS = {
  id: 'r.id::text',
  user_name: 'r.user_name_key',
  group_name: 'r.display_name_key',
  external_id: 'r.external_id',
  active: 'r.active::text',
  created_at: utc('r.created_at'),
  changed_at: utc('r.changed_at'),
} as const;

/** When a person was made, as exactly as the database knows it. */
export const MADE = utc('r.created_at');

/** Those who come after a position, in the order given. */
export function afterSql(
  { key, isDescending }: OrderSql,
  from: ResourcePosition,
  bind: Bind,
): string {
  const made = `(${bind(from.createdAt, 'timestamp')} at time zone 'UTC')`;
  const later = `(r.created_at, r.id) > (${made}, ${bind(from.id, 'uuid')})`;
  if (key === null) return later;
  if (from.key === null)
    return isDescending ? `(${key} is not null or ${later})` : `(${key} is null and ${later})`;
  const held = bind(from.key, 'text');
  const beyond = isDescending ? `${key} < ${held}` : `(${key} > ${held} or ${key} is null)`;
  return `(${beyond} or (${key} = ${held} and ${later}))`;
}
