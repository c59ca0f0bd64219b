import { EVERYONE, NOBODY, type ResourceFilter } from '../../directory/index.js';
import { compared, comparedId, type Comparison } from './compare.js';
import { refusedAt, type Filter, type Term } from './filter.js';

type Element = Extract<Term, { kind: 'element' }>;
export type Simple = Extract<Term, { kind: 'present' }> | Comparison;

/** What a term means where it stands: of a person, or of an element. */
export type Meaning = (term: Simple | Element) => ResourceFilter;

/** `groups.value eq "…"`, `groups[display sw "…"]`: one of a person's groups has to meet it. */
export function groupsTerm(
  term: Simple | Element,
  compile: (filter: Filter, meaning: Meaning) => ResourceFilter,
): ResourceFilter {
  const part = /groups(?:\.(.+))?$/i.exec(term.path)?.[1];
  if (term.kind !== 'element')
    return { kind: 'in_group', filter: partTerm({ ...term, path: part ?? 'value' }) };
  if (part !== undefined) throw refusedAt(term.at, 'this has no elements');
  const whole = compile(term.filter, partTerm);
  const then = term.then === null ? EVERYONE : compile(term.then, partTerm);
  return { kind: 'in_group', filter: { kind: 'all', of: [whole, then] } };
}

const partTerm: Meaning = (term) => {
  if (term.kind === 'element') throw refusedAt(term.at, 'the elements have no such part');
  switch (term.path.toLowerCase()) {
    case 'value':
      return term.kind === 'present' ? EVERYONE : comparedId(term);
    case 'display':
      return term.kind === 'present'
        ? EVERYONE
        : compared(term, { type: 'text', field: { column: 'group_name' } });
    case 'type':
      return term.kind === 'present' ? EVERYONE : typeTerm(term);
    default:
      throw refusedAt(term.at, 'groups are looked for by value, display and type');
  }
};

/** All of them are direct. */
function typeTerm({ comparator, value, at }: Comparison): ResourceFilter {
  if (comparator !== 'eq' && comparator !== 'ne')
    throw refusedAt(at, 'types are compared by eq and ne');
  const isDirect = String(value).toLowerCase() === 'direct';
  return isDirect === (comparator === 'eq') ? EVERYONE : NOBODY;
}
