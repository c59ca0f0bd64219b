// P7: organizations never meet, nor do people: a filter that cannot be answered is refused, never everyone. P9: fail closed.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse, type Filter as TheirFilter } from 'scim2-parse-filter';
import {
  EVERYONE,
  NOBODY,
  type ResourceField,
  type ResourceFilter,
  type TextComparator,
} from '../../../src/directory/index.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import type { ResourceId } from '../../../src/kernel/ids.js';
import { parseFilter, type Filter } from '../../../src/scim/read/filter.js';
import { readSearchRequest } from '../../../src/scim/read/search-request.js';

const asked = (filter: string) => readSearchRequest({ filter }).filter;

/** The code with which it is refused, null when it is not. */
function refusal(work: () => unknown): string | null {
  try {
    work();
    return null;
  } catch (error) {
    if (error instanceof DomainError) return error.code;
    throw error;
  }
}

/** Every text that JSON can carry and PostgreSQL can store. */
const anyText = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .filter((each) => !/[\0\p{Surrogate}]/u.test(each));

/** A tree without places in the text. */
type Shape =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Shape[] }
  | { readonly kind: 'not'; readonly filter: Shape }
  | { readonly kind: 'present'; readonly path: string }
  | {
      readonly kind: 'compare';
      readonly path: string;
      readonly comparator: string;
      readonly value: unknown;
    }
  | { readonly kind: 'element'; readonly path: string; readonly filter: Shape };

/** Another parser's tree as ours. It doubles every backslash in a string and stops at negative numbers. */
function ours(filter: TheirFilter): Shape {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { kind: filter.op, parts: filter.filters.map(ours) };
    case 'not':
      return { kind: 'not', filter: ours(filter.filter) };
    case '[]':
      return { kind: 'element', path: filter.attrPath, filter: ours(filter.valFilter) };
    case 'pr':
      return { kind: 'present', path: filter.attrPath };
    case 'eq':
    case 'ne':
    case 'co':
    case 'sw':
    case 'ew':
    case 'gt':
    case 'ge':
    case 'lt':
    case 'le':
      return {
        kind: 'compare',
        path: filter.attrPath,
        comparator: filter.op,
        value: filter.compValue,
      };
  }
}

function shapeOf(filter: Filter): Shape {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return { kind: filter.kind, parts: filter.parts.map(shapeOf) };
    case 'not':
      return { kind: 'not', filter: shapeOf(filter.filter) };
    case 'element':
      return { kind: 'element', path: filter.path, filter: shapeOf(filter.filter) };
    case 'present':
      return { kind: 'present', path: filter.path };
    case 'compare': {
      const { kind, path, comparator, value } = filter;
      return { kind, path, comparator, value };
    }
  }
}

/** `a and (b and c)` is `a and b and c`. */
function flat(filter: Shape): Shape {
  switch (filter.kind) {
    case 'and':
    case 'or':
      return {
        kind: filter.kind,
        parts: filter.parts
          .map(flat)
          .flatMap((part) => (part.kind === filter.kind ? part.parts : [part])),
      };
    case 'not':
    case 'element':
      return { ...filter, filter: flat(filter.filter) };
    case 'present':
    case 'compare':
      return filter;
  }
}

const text = (field: ResourceField, value: string, is: TextComparator = 'eq'): ResourceFilter => ({
  kind: 'text',
  field,
  is,
  value,
});
const userName = (value: string) => text({ column: 'user_name' }, value);
const part = (name: string, value: string) => text({ path: [name], exact: false }, value);
const emails = (filter: ResourceFilter): ResourceFilter => ({
  kind: 'some',
  path: ['emails'],
  filter,
});
const all = (...of: ResourceFilter[]): ResourceFilter => ({ kind: 'all', of });
const not = (filter: ResourceFilter): ResourceFilter => ({ kind: 'not', filter });
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const ID = '0193a1b2-0000-7000-8000-00000000000a';

describe('a filter is parsed', () => {
  it.each<[string, ResourceFilter]>([
    ['userName eq "ada"', userName('ada')],
    ['USERNAME EQ "ada"', userName('ada')],
    ['urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada"', userName('ada')],
    ['  ( userName   eq "ada" ) ', userName('ada')],
    ['externalId eq "A\\"b\\\\c\\u00e9"', text({ column: 'external_id' }, 'A"b\\cé')],
    ['displayName sw "A"', text({ column: 'display_name' }, 'A', 'sw')],
    ['title ew "A"', text({ path: ['title'], exact: false }, 'A', 'ew')],
    ['profileUrl eq "A"', text({ path: ['profileUrl'], exact: true }, 'A')],
    ['name.familyName gt "A"', text({ path: ['name', 'familyName'], exact: false }, 'A', 'gt')],
    ['emails eq "a@x"', emails(part('value', 'a@x'))],
    ['emails.value eq "a@x"', emails(part('value', 'a@x'))],
    ['emails.value ne "a@x"', emails(not(part('value', 'a@x')))],
    ['emails[value eq "a@x"]', emails(part('value', 'a@x'))],
    [
      'emails[type eq "work"].value eq "a@x"',
      emails(all(part('type', 'work'), part('value', 'a@x'))),
    ],
    [
      'emails[type eq "work" and not (value eq "a@x")]',
      emails(all(part('type', 'work'), not(part('value', 'a@x')))),
    ],
    ['emails[primary eq true]', emails({ kind: 'flag', path: ['primary'], value: true })],
    ['emails.primary eq "True"', emails({ kind: 'flag', path: ['primary'], value: true })],
    ['emails pr', { kind: 'present', field: { path: ['emails'], exact: false } }],
    ['emails.type pr', emails({ kind: 'present', field: { path: ['type'], exact: false } })],
    ['title eq null', not({ kind: 'present', field: { path: ['title'], exact: false } })],
    ['title ne null', { kind: 'present', field: { path: ['title'], exact: false } }],
    ['active eq true', { kind: 'active', value: true }],
    ['active ne "False"', not({ kind: 'active', value: false })],
    ['manager eq "m"', text({ path: [ENTERPRISE, 'manager', 'value'], exact: false }, 'm')],
    [
      `${ENTERPRISE}:division pr`,
      { kind: 'present', field: { path: [ENTERPRISE, 'division'], exact: false } },
    ],
    [`${ENTERPRISE} pr`, { kind: 'present', field: { path: [ENTERPRISE], exact: true } }],
    [`id eq "${ID}"`, { kind: 'id', id: ID as ResourceId }],
    [`id eq "${ID.toUpperCase()}"`, NOBODY],
    ['id eq "no id of ours"', NOBODY],
    ['meta.resourceType eq "User"', EVERYONE],
    ['meta.resourceType eq "Group"', NOBODY],
    [
      'meta.lastModified ge "2026-01-31T13:00:00.5+01:00"',
      { kind: 'time', column: 'changed_at', is: 'ge', value: new Date('2026-01-31T12:00:00.500Z') },
    ],
    [
      'meta.created lt "2026-01-31T12:00:00"',
      { kind: 'time', column: 'created_at', is: 'lt', value: new Date('2026-01-31T12:00:00Z') },
    ],
    [
      'userName eq "ada" or not (userName eq "grace" and active eq true)',
      {
        kind: 'any',
        of: [userName('ada'), not(all(userName('grace'), { kind: 'active', value: true }))],
      },
    ],
  ])('%s', (filter, expected) => {
    expect(asked(filter)).toEqual(expected);
  });

  it.each<[string, number]>([
    ['userName eq ada', 13],
    ['userName eq', 12],
    ['(userName eq "ada"', 19],
    ['userName eq "ada" x', 19],
    ['userName like "ada"', 10],
    ['active eq true and  userName eq 5', 21],
    ['emails[type eq "work" and foo eq "x"]', 27],
    ['not (password pr)', 6],
    ['#', 1],
  ])('says where %j goes wrong', (filter, position) => {
    expect(() => asked(filter)).toThrow(`at position ${position} of the filter`);
  });

  it.each([
    '',
    ' ',
    'userName',
    'userName eq',
    'userName eq ada',
    'userName eq "ada',
    "userName eq 'ada'",
    'userName eq "ada" externalId eq "7"',
    'userName eq "ada" and',
    'and userName eq "ada"',
    '(userName eq "ada"',
    'userName eq "ada")',
    'emails[value eq "a"',
    'emails[value eq "a"]value eq "b"',
    'userName eq 5',
    'userName eq true',
    'userName eq "a\u0000"',
    'userName eq "\\u0000"',
    'userName eq "\\ud800"',
    'userName = "ada"',
    'userName like "ada"',
    // What everyone begins with, ends with and contains.
    'userName sw ""',
    'userName co ""',
    'emails[value ew ""]',
    // What a type does not have.
    'active gt true',
    'active co "t"',
    'active eq "maybe"',
    'active eq 1',
    'emails.primary sw "t"',
    'emails[primary eq "yes"]',
    'title gt null',
    'x509Certificates.value gt "x"',
    'meta.created co "2026"',
    'meta.created eq "yesterday"',
    'meta.created eq "2026-02-30T00:00:00Z"',
    'meta.created eq "2026-01-01T25:00:00Z"',
    'meta.created eq 5',
    'meta.resourceType co "U"',
    'meta.location eq "x"',
    'meta eq "x"',
    'meta pr',
    'schemas eq "x"',
    'name eq "x"',
    'addresses eq "x"',
    'name[familyName eq "x"].foo eq "y"',
    'userName[value eq "x"]',
    'emails.value[type eq "x"]',
    'emails[emails[type eq "x"]]',
    'emails[urn:ietf:params:scim:schemas:core:2.0:User:userName eq "x"]',
    'emails.nothing eq "x"',
    'password pr',
    'password eq "x"',
    'groups.$ref eq "x"',
    'groups.nothing pr',
    'groups.value[value eq "x"]',
    'groups[emails[type eq "x"]]',
    'groups.type co "d"',
    'groups.display gt 7',
    'id[value eq "x"]',
    `${ENTERPRISE} eq "x"`,
    'nothing eq "x"',
    `${'('.repeat(10_000)}userName eq "ada"${')'.repeat(10_000)}`,
    `${'('.repeat(20)}userName eq "ada"${')'.repeat(20)}`,
    Array.from({ length: 100 }, () => 'userName eq "ada"').join(' and '),
  ])('refuses %j', (filter) => {
    expect(refusal(() => asked(filter))).toBe('scim.invalid_filter');
  });

  it('refuses two filters at once', () => {
    const filter = ['userName eq "a"', 'userName eq "b"'];
    expect(refusal(() => readSearchRequest({ filter }))).toBe('scim.invalid_filter');
  });

  it('binds and before or, and both before nothing', () => {
    const compare = (path: string): Shape => ({
      kind: 'compare',
      path,
      comparator: 'eq',
      value: 1,
    });
    expect(shapeOf(parseFilter('a eq 1 or b eq 1 and c eq 1'))).toEqual({
      kind: 'or',
      parts: [compare('a'), { kind: 'and', parts: [compare('b'), compare('c')] }],
    });
    expect(shapeOf(parseFilter('(a eq 1 or b eq 1) and not (c eq 1)'))).toEqual({
      kind: 'and',
      parts: [
        { kind: 'or', parts: [compare('a'), compare('b')] },
        { kind: 'not', filter: compare('c') },
      ],
    });
  });

  it('names nothing of what it refuses', () => {
    for (const filter of [
      'userName eq "secret@example.com" x',
      '"secret@example.com"',
      'secret@x eq 1',
    ])
      try {
        asked(filter);
      } catch (error) {
        expect(String(error)).not.toContain('secret');
      }
  });

  it('finds any text by itself, whatever quotes, escapes and signs are in it', () => {
    fc.assert(
      fc.property(anyText, (value) => {
        expect(asked(`userName eq ${JSON.stringify(value)}`)).toEqual(userName(value));
      }),
    );
  });

  it('throws nothing but its refusal', () => {
    const pieces = [
      'userName',
      'emails',
      'eq',
      'and',
      'or',
      'not',
      'pr',
      '[',
      ']',
      '(',
      ')',
      '.',
      '"',
      '\\',
      '"a"',
      '1e5',
      '-',
      'true',
      ' ',
      '+',
      'é',
      '\ud800',
      ':',
    ];
    const nonsense = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 60 }),
      fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((each) => each.join(' ')),
      fc.array(fc.constantFrom(...pieces), { maxLength: 20 }).map((each) => each.join('')),
    );
    fc.assert(
      fc.property(nonsense, (filter) => {
        const code = refusal(() => asked(filter));
        expect([null, 'scim.invalid_filter']).toContain(code);
        // Nothing here is true of everyone.
        if (code === null) expect(asked(filter)).not.toEqual(EVERYONE);
      }),
      { numRuns: 2_000 },
    );
  });

  it('agrees with an independent parser about what it can read', () => {
    const attribute = fc.constantFrom('a', 'b.c', 'urn:x:y:2.0:User:z');
    const value = fc.oneof(
      fc.boolean(),
      fc.nat(),
      fc.string({ unit: fc.constantFrom('x', ' ', '(', ']', 'é'), maxLength: 8 }),
    );
    const comparison = fc
      .tuple(
        attribute,
        fc.constantFrom('eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'),
        value,
      )
      .map(([name, word, literal]) => `${name} ${word} ${JSON.stringify(literal)}`);
    const { tree } = fc.letrec<{ tree: string; part: string }>((tie) => ({
      part: fc.oneof(
        { weight: 3, arbitrary: comparison },
        attribute.map((name) => `${name} pr`),
        tie('tree').map((inner) => `(${inner})`),
        tie('tree').map((inner) => `not (${inner})`),
        comparison.map((inner) => `list[${inner}]`),
      ),
      tree: fc.oneof(
        { maxDepth: 3 },
        tie('part'),
        fc
          .tuple(
            fc.constantFrom('and', 'or'),
            fc.array(tie('part'), { minLength: 2, maxLength: 3 }),
          )
          .map(([word, parts]) => parts.join(` ${word} `)),
      ),
    }));
    fc.assert(
      fc.property(tree, (filter) => {
        expect(flat(shapeOf(parseFilter(filter)))).toEqual(flat(ours(parse(filter))));
      }),
      { numRuns: 1_000 },
    );
  });
});
