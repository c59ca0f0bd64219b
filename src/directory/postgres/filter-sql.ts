import type { GroupId } from '../../kernel/ids.js';
import type {
  ResourceField,
  ResourceFilter,
  TextComparator,
  TimeComparator,
} from '../resource-filter.js';

/** Adds a value to a statement's and says where it stands. */
export type Bind = (
  value: unknown,
  type: 'text' | 'text[]' | 'uuid' | 'uuid[]' | 'boolean' | 'timestamp' | 'timestamptz',
) => string;

export const bindingTo =
  (values: unknown[]): Bind =>
  (value, type) =>
    `$${values.push(value)}::${type}`;

/**
 * A condition over `resources r` or `groups r`. It is put together from the texts of this file and numbers only; what a client sent
 * is bound, and so are paths.
 */
export const condition = (filter: ResourceFilter, bind: Bind): string =>
  term(filter, { bind, row: 'r', alias: 'r', depth: 0 });

/** Longer ones are found by their beginning first, since an entry of an index has its limits. */
const INDEXED_LENGTH = 512;

interface Scope {
  readonly bind: Bind;
  /** Whose columns are meant. */
  readonly row: 'r' | 'g';
  /** Whose `attributes` and `folded` are meant: the resource's or an element's. */
  readonly alias: string;
  readonly depth: number;
}

function term(filter: ResourceFilter, scope: Scope): string {
  switch (filter.kind) {
    case 'all':
      return joined(filter.of, { scope, word: ' and ', ofNothing: 'true' });
    case 'any':
      return joined(filter.of, { scope, word: ' or ', ofNothing: 'false' });
    case 'not':
      return `not (${term(filter.filter, scope)})`;
    case 'id':
      return `${scope.row}.id = ${scope.bind(filter.id, 'uuid')}`;
    case 'text':
      return text(filter, scope);
    case 'active':
      return `r.active = ${scope.bind(filter.value, 'boolean')}`;
    case 'flag':
      return flag(filter, scope);
    case 'time':
      return TIMES[filter.is](`r.${filter.column}`, scope.bind(filter.value, 'timestamptz'));
    case 'member':
      return member(filter, scope);
    case 'in_group':
      return inGroup(filter.filter, scope);
    case 'in_one_of':
      return inOneOf(filter.groups, scope);
    case 'present':
      return present(filter.field, scope);
    case 'some':
      return some(filter, scope);
  }
}

function joined(
  parts: readonly ResourceFilter[],
  { scope, word, ofNothing }: { scope: Scope; word: string; ofNothing: string },
): string {
  if (parts.length === 0) return ofNothing;
  return `(${parts.map((part) => term(part, scope)).join(word)})`;
}

// No pattern anywhere: "_", "%" and "\\" are letters. Texts are ordered by code point, whatever the server's locale.
const TEXTS: Readonly<Record<TextComparator, (held: string, value: string) => string>> = {
  eq: (held, value) => `${held} = ${value}`,
  co: (held, value) => `strpos(${held}, ${value}) > 0`,
  sw: (held, value) => `starts_with(${held}, ${value})`,
  ew: (held, value) => `right(${held}, length(${value})) = ${value}`,
  gt: (held, value) => `${held} collate "C" > ${value}`,
  ge: (held, value) => `${held} collate "C" >= ${value}`,
  lt: (held, value) => `${held} collate "C" < ${value}`,
  le: (held, value) => `${held} collate "C" <= ${value}`,
};

/** Times are shown, and so compared, to the millisecond; the database keeps microseconds. */
const TIMES: Readonly<Record<TimeComparator, (held: string, value: string) => string>> = {
  eq: (held, value) => `(${held} >= ${value} and ${held} < ${value} + interval '1 ms')`,
  gt: (held, value) => `${held} >= ${value} + interval '1 ms'`,
  ge: (held, value) => `${held} >= ${value}`,
  lt: (held, value) => `${held} < ${value}`,
  le: (held, value) => `${held} < ${value} + interval '1 ms'`,
};

const DISPLAY_NAME = `(r.folded ->> 'displayName')`;

type Text = Extract<ResourceFilter, { kind: 'text' }>;

function text({ field, is, value }: Text, scope: Scope): string {
  if (!('column' in field)) {
    const held = `(${scope.alias}.${field.exact ? 'attributes' : 'folded'} #>> ${scope.bind(field.path, 'text[]')})`;
    const wanted = scope.bind(field.exact ? value : value.toLowerCase(), 'text');
    return `coalesce(${TEXTS[is](held, wanted)}, false)`;
  }
  switch (field.column) {
    case 'user_name':
      return TEXTS[is]('r.user_name_key', scope.bind(value.toLowerCase(), 'text'));
    case 'external_id':
      // Not `coalesce`, which no index answers.
      return `(r.external_id is not null and ${TEXTS[is]('r.external_id', scope.bind(value, 'text'))})`;
    case 'display_name': {
      const wanted = scope.bind(value.toLowerCase(), 'text');
      const known = `${DISPLAY_NAME} is not null and ${TEXTS[is](DISPLAY_NAME, wanted)}`;
      return is === 'eq'
        ? `(left(${DISPLAY_NAME}, ${INDEXED_LENGTH}) = left(${wanted}, ${INDEXED_LENGTH}) and ${known})`
        : `(${known})`;
    }
    case 'group_name':
      return TEXTS[is](`${scope.row}.display_name_key`, scope.bind(value.toLowerCase(), 'text'));
    case 'id':
      return TEXTS[is](`${scope.row}.id::text`, scope.bind(value, 'text'));
  }
}

function flag({ path, value }: Extract<ResourceFilter, { kind: 'flag' }>, scope: Scope): string {
  const wanted = scope.bind(value, 'boolean');
  const held = `(${scope.alias}.attributes #> ${scope.bind(path, 'text[]')})`;
  return `coalesce(${held} = to_jsonb(${wanted}), not ${wanted})`;
}

/** A join that can begin at the member: nobody's groups are found by reading all groups. */
function member({ value }: Extract<ResourceFilter, { kind: 'member' }>, scope: Scope): string {
  const named = value === null ? 'true' : `m.value = ${scope.bind(value, 'text')}`;
  return `exists (select from group_members m
      where m.organization_id = r.organization_id and m.group_id = r.id and ${named})`;
}

/** How many are in these groups is known to PostgreSQL, which begins at them or at the person. */
const inOneOf = (groups: readonly GroupId[], { bind }: Scope): string =>
  `exists (select from group_members m where m.organization_id = $1 and m.group_id = any(${bind(groups, 'uuid[]')})
      and m.resource_id = r.id and m.user_id = r.user_id)`;

/** Where the groups are too many to be named. */
const inGroup = (filter: ResourceFilter, { bind, depth }: Scope): string =>
  `exists (select from group_members m join groups g on g.organization_id = m.organization_id and g.id = m.group_id
      where m.organization_id = $1 and m.resource_id = r.id and m.user_id = r.user_id and g.connection_id = $2
        and g.deleted_at is null and ${term(filter, { bind, row: 'g', alias: 'g', depth })})`;

function present(field: ResourceField, scope: Scope): string {
  if ('column' in field)
    switch (field.column) {
      case 'id':
      case 'user_name':
      case 'group_name':
        return 'true';
      case 'external_id':
        return `coalesce(r.external_id <> '', false)`;
      case 'display_name':
        return `coalesce(${DISPLAY_NAME} <> '', false)`;
    }
  const held = `${scope.alias}.attributes #> ${scope.bind(field.path, 'text[]')}`;
  return `coalesce(${held}, 'null') <> all (array['null', '""', '[]', '{}']::jsonb[])`;
}

/** E-mails are also kept by themselves, in a column that has an index. */
function some({ path, filter }: Extract<ResourceFilter, { kind: 'some' }>, scope: Scope): string {
  const email = path.length === 1 && path[0] === 'emails' ? emailIn(filter) : null;
  const found =
    email === null ? null : `r.emails @> array[${scope.bind(email.toLowerCase(), 'text')}]`;
  if (found !== null && filter.kind === 'text') return found;
  const depth = scope.depth + 1;
  const element = { ...scope, alias: `e${depth}`, depth };
  const list = scope.bind(path, 'text[]');
  const exists = `exists (select from rows from (
      jsonb_path_query(${scope.alias}.attributes #> ${list}, '$[*]'),
      jsonb_path_query(${scope.alias}.folded #> ${list}, '$[*]')) as ${element.alias} (attributes, folded)
    where ${term(filter, element)})`;
  return found === null ? exists : `(${found} and ${exists})`;
}

/** The address that an e-mail must have to meet the filter, if there is one. */
export function emailIn(filter: ResourceFilter): string | null {
  if (filter.kind === 'all') return filter.of.map(emailIn).find((one) => one !== null) ?? null;
  if (filter.kind !== 'text' || filter.is !== 'eq' || 'column' in filter.field) return null;
  return filter.field.path.join('.') === 'value' ? filter.value : null;
}
