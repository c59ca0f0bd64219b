// P7: organizations never meet, nor do people: a filter that cannot be answered is refused, never everyone. P9: fail closed.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parse, type Filter as TheirFilter } from 'scim2-parse-filter';
import { DomainError } from '../../../src/kernel/domain-error.js';
import { parseFilter, type Filter } from '../../../src/scim/read/filter.js';
import { readListRequest } from '../../../src/scim/read/list-request.js';

const conditions = (filter: string) => readListRequest({ filter }).conditions;

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
const text = fc
  .string({ unit: 'grapheme', maxLength: 40 })
  .filter((each) => !/[\0\p{Surrogate}]/u.test(each));

/** Another parser's tree as ours. It doubles every backslash in a string and stops at negative numbers. */
function ours(filter: TheirFilter): Filter {
  switch (filter.op) {
    case 'and':
    case 'or':
      return { kind: filter.op, parts: filter.filters.map(ours) };
    case 'not':
      return { kind: 'not', filter: ours(filter.filter) };
    case '[]':
      return { kind: 'element', path: filter.attrPath, filter: ours(filter.valFilter), then: null };
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

/** `a and (b and c)` is `a and b and c`. */
function flat(filter: Filter): Filter {
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
      return { kind: 'not', filter: flat(filter.filter) };
    case 'element':
      return { ...filter, filter: flat(filter.filter) };
    case 'present':
    case 'compare':
      return filter;
  }
}

describe('a filter is parsed', () => {
  it.each([
    ['userName eq "ada"', [{ on: 'user_name', value: 'ada' }]],
    ['USERNAME EQ "ada"', [{ on: 'user_name', value: 'ada' }]],
    [
      'urn:ietf:params:scim:schemas:core:2.0:User:userName eq "ada"',
      [{ on: 'user_name', value: 'ada' }],
    ],
    ['  ( userName   eq "ada" ) ', [{ on: 'user_name', value: 'ada' }]],
    ['externalId eq "A\\"b\\\\c\\u00e9"', [{ on: 'external_id', value: 'A"b\\cé' }]],
    ['emails eq "a@x"', [{ on: 'email', value: 'a@x' }]],
    ['emails.value eq "a@x"', [{ on: 'email', value: 'a@x' }]],
    ['emails[value eq "a@x"]', [{ on: 'email', value: 'a@x' }]],
    ['emails[type eq "work"].value eq "a@x"', [{ on: 'typed_email', value: 'a@x', type: 'work' }]],
    [
      'emails[type eq "work" and value eq "a@x"]',
      [{ on: 'typed_email', value: 'a@x', type: 'work' }],
    ],
    ['emails[type eq "work" and type eq "home" and value eq "a@x"]', null],
    ['id eq "no id of ours"', null],
    [
      'userName eq "ada" and externalId eq "7"',
      [
        { on: 'user_name', value: 'ada' },
        { on: 'external_id', value: '7' },
      ],
    ],
  ])('%s', (filter, expected) => {
    expect(conditions(filter)).toEqual(expected);
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
    'userName eq null',
    'userName eq "a\u0000"',
    'userName eq "\\u0000"',
    'userName eq "\\ud800"',
    'userName = "ada"',
    'userName like "ada"',
    // The whole grammar is understood, and what is not answered yet is refused.
    'userName ne "ada"',
    'userName co "a"',
    'userName sw ""',
    'userName pr',
    'not (userName eq "ada")',
    'userName eq "ada" or userName eq "grace"',
    'displayName eq "Ada"',
    'active eq true',
    'password eq "x"',
    'groups eq "x"',
    'meta.lastModified gt "2020-01-01T00:00:00Z"',
    'emails[type eq "work"]',
    'emails.type eq "work"',
    'emails[primary eq true].value eq "a@x"',
    'addresses[type eq "work"].country eq "DE"',
    'nothing eq "x"',
    `${'('.repeat(10_000)}userName eq "ada"${')'.repeat(10_000)}`,
    `${'('.repeat(20)}userName eq "ada"${')'.repeat(20)}`,
    Array.from({ length: 100 }, () => 'userName eq "ada"').join(' and '),
  ])('refuses %j', (filter) => {
    expect(refusal(() => conditions(filter))).toBe('scim.invalid_filter');
  });

  it('refuses two filters at once', () => {
    const filter = ['userName eq "a"', 'userName eq "b"'];
    expect(refusal(() => readListRequest({ filter }))).toBe('scim.invalid_filter');
  });

  it('binds and before or, and both before nothing', () => {
    const compare = (path: string): Filter => ({
      kind: 'compare',
      path,
      comparator: 'eq',
      value: 1,
    });
    expect(parseFilter('a eq 1 or b eq 1 and c eq 1')).toEqual({
      kind: 'or',
      parts: [compare('a'), { kind: 'and', parts: [compare('b'), compare('c')] }],
    });
    expect(parseFilter('(a eq 1 or b eq 1) and not (c eq 1)')).toEqual({
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
        conditions(filter);
      } catch (error) {
        expect(String(error)).not.toContain('secret');
      }
  });

  it('finds any text by itself, whatever quotes, escapes and signs are in it', () => {
    fc.assert(
      fc.property(text, (value) => {
        expect(conditions(`userName eq ${JSON.stringify(value)}`)).toEqual([
          { on: 'user_name', value },
        ]);
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
        const code = refusal(() => conditions(filter));
        expect([null, 'scim.invalid_filter']).toContain(code);
        // Whatever is accepted asks for somebody.
        if (code === null) expect(conditions(filter)).not.toEqual([]);
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
        expect(flat(parseFilter(filter))).toEqual(flat(ours(parse(filter))));
      }),
      { numRuns: 1_000 },
    );
  });
});
