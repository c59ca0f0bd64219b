import { EVERYONE, type ResourceFilter, type ResourceSlice } from '../../directory/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { compileFilter } from './compile-filter.js';
import { member } from './fields.js';
import { parseFilter } from './filter.js';
import { invalidValue, isObject } from './value.js';

/** A list as it was asked for. Parameters that SCIM does not know, like Entra's feature flags, are passed over. */
export interface ListRequest {
  readonly filter: ResourceFilter;
  readonly slice: ResourceSlice;
}

export const MAX_PAGE = 1_000;
const DEFAULT_PAGE = 100;
/** Beyond every list; PostgreSQL takes it. */
const LAST_START = 2 ** 31 - 1;

/** @throws DomainError `scim.invalid_filter`, `scim.invalid_value` */
export function readListRequest(query: unknown): ListRequest {
  const filter = parameter(query, 'filter');
  // RFC 7644 §3.4.2.4: below 1 means 1, a negative count means 0.
  const startIndex = Math.max(1, readWhole(query, 'startIndex') ?? 1);
  const count = Math.max(0, readWhole(query, 'count') ?? DEFAULT_PAGE);
  return {
    filter: filter === undefined ? EVERYONE : readFilter(filter),
    slice: {
      offset: Math.min(startIndex, LAST_START) - 1,
      limit: Math.min(count, MAX_PAGE),
    },
  };
}

function readFilter(filter: unknown): ResourceFilter {
  if (typeof filter !== 'string')
    throw new DomainError('scim.invalid_filter', 'a filter is one text');
  return compileFilter(parseFilter(filter));
}

function readWhole(query: unknown, name: string): number | undefined {
  const text = parameter(query, name);
  if (text === undefined) return undefined;
  if (typeof text !== 'string' || !/^[+-]?\d{1,30}$/.test(text.trim()))
    throw invalidValue(`${name} is an integer`);
  return Number(text);
}

const parameter = (query: unknown, name: string): unknown =>
  isObject(query) ? member(query, name) : undefined;
