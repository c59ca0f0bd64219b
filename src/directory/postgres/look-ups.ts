import type { ResourceFilter } from '../resource-filter.js';
import { emailIn } from './filter-sql.js';

/** Whether an index leads to the few that can meet it. */
export function isLookUp(filter: ResourceFilter): boolean {
  switch (filter.kind) {
    case 'all':
      return filter.of.some(isLookUp);
    case 'any':
      return filter.of.every(isLookUp);
    case 'id':
      return true;
    case 'text':
      return filter.is === 'eq' && 'column' in filter.field;
    case 'some':
      return filter.path.join('.') === 'emails' && emailIn(filter.filter) !== null;
    case 'member':
      return filter.value !== null;
    case 'not':
    case 'in_group':
    case 'in_one_of':
    case 'active':
    case 'flag':
    case 'time':
    case 'present':
      return false;
  }
}

/** Longer ones are rare: their statements are not kept, so that nobody can fill a session with them. */
const KEPT = 2;

/** Whether it is an equality, or two: what IdPs look people up by. */
export function isEquality(filter: ResourceFilter): boolean {
  switch (filter.kind) {
    case 'id':
      return true;
    case 'text':
      return filter.is === 'eq';
    case 'all':
      return filter.of.length <= KEPT && filter.of.every(isTerm);
    case 'some':
      return isTerm(filter) || (filter.filter.kind === 'all' && isEquality(filter.filter));
    case 'member':
      return filter.value !== null;
    case 'any':
    case 'not':
    case 'in_group':
    case 'in_one_of':
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
