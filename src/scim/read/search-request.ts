import {
  EVERYONE,
  type ResourceFilter,
  type ResourceOrder,
  type ResourceSlice,
} from '../../directory/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { MalformedBody } from './body.js';
import { compileFilter, PEOPLE, type Searched } from './compile-filter.js';
import { member } from './fields.js';
import { parseFilter } from './filter.js';
import { readOrder } from './order.js';
import { invalidValue, isObject } from './value.js';

/** A search as it was asked for. Parameters that SCIM does not know, like Entra's feature flags, are passed over. */
export interface SearchRequest {
  readonly filter: ResourceFilter;
  /** Null: in the order of their making. */
  readonly order: ResourceOrder | null;
  readonly page:
    | { readonly kind: 'index'; readonly slice: ResourceSlice }
    /** RFC 9865; empty for the first page. */
    | { readonly kind: 'cursor'; readonly cursor: string; readonly count: number };
  /** What a cursor is good for. */
  readonly search: string;
}

export const MAX_PAGE = 1_000;
export const DEFAULT_PAGE = 100;
/** Long enough for a client that works on each page before it asks for the next. */
export const CURSOR_TIMEOUT_S = 3_600;
/** Beyond every list; PostgreSQL takes it. */
const LAST_START = 2 ** 31 - 1;

const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';

/** @throws DomainError `scim.invalid_filter`, `scim.invalid_value`, `scim.invalid_count`, `scim.invalid_cursor` */
export function readSearchRequest(
  query: unknown,
  searched: Searched = PEOPLE,
  maxPage = MAX_PAGE,
): SearchRequest {
  const filter = parameter(query, 'filter');
  const by = parameter(query, 'sortBy');
  const direction = parameter(query, 'sortOrder');
  return {
    filter: filter === undefined ? EVERYONE : readFilter(filter, searched),
    order: readOrder(by, direction, searched.kind),
    page: readPage(query, maxPage),
    search: JSON.stringify([filter, by, direction].map((each) => each ?? null)),
  };
}

/** The body of a POST to `/.search` (RFC 7644 §3.4.3), which says what a query says. */
export function readSearchBody(body: unknown): unknown {
  if (body instanceof MalformedBody) throw body.refusal;
  if (!isObject(body)) throw new DomainError('scim.invalid_syntax', 'the body is a JSON object');
  const schemas = member(body, 'schemas');
  if (Array.isArray(schemas) && schemas.length > 0 && !schemas.some(isSearch))
    throw new DomainError('scim.invalid_syntax', `schemas holds ${SEARCH}`);
  return body;
}

const isSearch = (schema: unknown): boolean =>
  typeof schema === 'string' && schema.toLowerCase() === SEARCH.toLowerCase();

function readPage(query: unknown, maxPage: number): SearchRequest['page'] {
  const cursor = parameter(query, 'cursor');
  const count = parameter(query, 'count');
  if (cursor !== undefined) return cursorPage(cursor, count, maxPage);
  // RFC 7644 §3.4.2.4: below 1 means 1, a negative count means 0.
  const startIndex = Math.max(1, readWhole('startIndex', parameter(query, 'startIndex')) ?? 1);
  const limit = Math.max(0, readWhole('count', count) ?? DEFAULT_PAGE);
  return {
    kind: 'index',
    slice: { offset: Math.min(startIndex, LAST_START) - 1, limit: Math.min(limit, maxPage) },
  };
}

function cursorPage(cursor: unknown, said: unknown, maxPage: number): SearchRequest['page'] {
  if (typeof cursor !== 'string')
    throw new DomainError('scim.invalid_cursor', 'a cursor is one text');
  const count = said === undefined ? DEFAULT_PAGE : wholeOf(said);
  if (count === null || count < 1)
    throw new DomainError('scim.invalid_count', 'with a cursor, count is an integer above 0');
  return { kind: 'cursor', cursor, count: Math.min(count, maxPage) };
}

function readFilter(filter: unknown, searched: Searched): ResourceFilter {
  if (typeof filter !== 'string')
    throw new DomainError('scim.invalid_filter', 'a filter is one text');
  return compileFilter(parseFilter(filter), searched);
}

function readWhole(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined;
  const whole = wholeOf(value);
  if (whole === null) throw invalidValue(`${name} is an integer`);
  return whole;
}

/** An integer, also in the words of a query. */
function wholeOf(value: unknown): number | null {
  if (typeof value === 'number') return Number.isInteger(value) ? value : null;
  return typeof value === 'string' && /^[+-]?\d{1,30}$/.test(value.trim()) ? Number(value) : null;
}

/** Null is what is not said (RFC 7643 §2.5). */
const parameter = (query: unknown, name: string): unknown =>
  isObject(query) ? (member(query, name) ?? undefined) : undefined;
