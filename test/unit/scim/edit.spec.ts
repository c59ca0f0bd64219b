// P9: fail closed. P4: nothing is undone: only an explicit true brings anybody back.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type {
  ActiveWord,
  Edit,
  Edited,
  JsonObject,
  StoredResource,
} from '../../../src/deprovision/index.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import type { ResourceId, UserId } from '../../../src/kernel/ids.js';
import { readActive } from '../../../src/scim/read/active.js';
import { readCreate, readPatch, readReplace } from '../../../src/scim/read/edit.js';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const ID = '0193a1b2-0000-7000-8000-000000000001';
const at = new Date('2026-11-23T00:00:00Z');

function stored(attributes: JsonObject = {}, active = true): StoredResource {
  const made = readCreate({ userName: 'ada', ...attributes });
  if (!('image' in made)) throw made.refused;
  return {
    ...made.image,
    active,
    id: ID as ResourceId,
    user: ID as UserId,
    version: 1,
    createdAt: at,
    changedAt: at,
  };
}

const patch = (...Operations: unknown[]): Edit =>
  readPatch({ schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations });

const codeOf = (edited: Edited): string | null => {
  if (!('refused' in edited)) return null;
  if (edited.refused instanceof DomainError) return edited.refused.code;
  throw edited.refused;
};

function attributes(edited: Edited): JsonObject {
  if ('refused' in edited) throw edited.refused;
  return edited.next.attributes;
}

const work = { type: 'work', value: 'ada@work.example', primary: true };
const home = { type: 'home', value: 'ada@home.example' };

describe('PATCH changes what it names', () => {
  it.each<[string, JsonObject, unknown[], JsonObject]>([
    [
      'adds to a list',
      { emails: [work] },
      [{ op: 'add', path: 'emails', value: [home] }],
      { emails: [work, home] },
    ],
    [
      'adds one element without its list',
      { emails: [work] },
      [{ op: 'add', path: 'emails', value: home }],
      { emails: [work, home] },
    ],
    [
      'adds what is there: nothing changes',
      { emails: [work] },
      [{ op: 'add', path: 'emails', value: [work] }],
      { emails: [work] },
    ],
    [
      'adds a primary: the other one is none',
      { emails: [work] },
      [{ op: 'add', path: 'emails', value: { ...home, primary: 'True' } }],
      {
        emails: [
          { ...work, primary: false },
          { ...home, primary: true },
        ],
      },
    ],
    [
      'replaces a list',
      { emails: [work] },
      [{ op: 'replace', path: 'emails', value: [home] }],
      { emails: [home] },
    ],
    [
      'replaces a list without a path',
      { emails: [work] },
      [{ op: 'replace', value: { emails: [home] } }],
      { emails: [home] },
    ],
    [
      'replaces in an element',
      { emails: [work, home] },
      [{ op: 'replace', path: 'emails[type eq "home"].value', value: 'x' }],
      { emails: [work, { ...home, value: 'x' }] },
    ],
    [
      'replaces an element and keeps what it was chosen by',
      { emails: [work, home] },
      [{ op: 'replace', path: 'emails[type eq "home"]', value: { value: 'x' } }],
      { emails: [work, { type: 'home', value: 'x' }] },
    ],
    [
      'adds to an element',
      { emails: [work, home] },
      [{ op: 'add', path: 'emails[type eq "home"]', value: { display: 'x' } }],
      { emails: [work, { ...home, display: 'x' }] },
    ],
    [
      'makes an element by its path',
      {},
      [{ op: 'add', path: 'addresses[type eq "work"].country', value: 'DE' }],
      { addresses: [{ type: 'work', country: 'DE' }] },
    ],
    [
      'makes an element by a path of two parts',
      {},
      [{ op: 'add', path: 'emails[type eq "work" and primary eq "True"].value', value: 'x' }],
      { emails: [{ type: 'work', primary: true, value: 'x' }] },
    ],
    [
      'sets a part of every element',
      { emails: [work, home] },
      [{ op: 'replace', path: 'emails.display', value: 'x' }],
      {
        emails: [
          { ...work, display: 'x' },
          { ...home, display: 'x' },
        ],
      },
    ],
    [
      'removes an element',
      { emails: [work, home] },
      [{ op: 'remove', path: 'emails[type eq "WORK"]' }],
      { emails: [home] },
    ],
    [
      'removes an element that is not there',
      { emails: [home] },
      [{ op: 'remove', path: 'emails[type eq "work"]' }],
      { emails: [home] },
    ],
    [
      'removes by value',
      { emails: [work, home] },
      [{ op: 'Remove', path: 'emails', value: [{ value: 'ADA@work.example' }] }],
      { emails: [home] },
    ],
    [
      'removes by value inside an object',
      { emails: [work, home] },
      [{ op: 'Remove', path: 'emails', value: { emails: [{ value: 'ada@work.example' }] } }],
      { emails: [home] },
    ],
    [
      'removes nothing by no values',
      { emails: [work] },
      [{ op: 'Remove', path: 'emails', value: [] }],
      { emails: [work] },
    ],
    ['removes a list', { emails: [work] }, [{ op: 'remove', path: 'emails' }], {}],
    [
      'removes the value of an element, and with it the element',
      { emails: [work, home] },
      [{ op: 'remove', path: 'emails[type eq "work"].value' }],
      { emails: [home] },
    ],
    [
      'takes null for unassigned',
      { title: 'Countess', emails: [work] },
      [{ op: 'replace', value: { title: null, emails: null } }],
      {},
    ],
    [
      'takes null in an element for unassigned',
      { emails: [work, home] },
      [{ op: 'replace', path: 'emails[type eq "work"].value', value: null }],
      { emails: [home] },
    ],
    [
      'merges a name',
      { name: { givenName: 'Ada', familyName: 'Byron' } },
      [{ op: 'replace', value: { name: { familyName: 'King' } } }],
      { name: { givenName: 'Ada', familyName: 'King' } },
    ],
    [
      'understands dotted names',
      { name: { givenName: 'Ada' } },
      [{ op: 'replace', value: { 'name.familyName': 'King', 'NAME.GIVENNAME': 'Augusta' } }],
      { name: { givenName: 'Augusta', familyName: 'King' } },
    ],
    [
      'understands a path as a name',
      { emails: [work] },
      [{ op: 'replace', value: { 'emails[type eq "work"].value': 'x' } }],
      { emails: [{ ...work, value: 'x' }] },
    ],
    [
      'removes a part of a name',
      { name: { givenName: 'Ada' } },
      [{ op: 'remove', path: 'name.givenName' }],
      {},
    ],
    [
      'sets an extension by its object',
      {},
      [{ op: 'add', value: { [ENTERPRISE]: { Department: 'Engines' } } }],
      { [ENTERPRISE]: { department: 'Engines' } },
    ],
    [
      'sets an extension by its bare URN',
      {},
      [{ op: 'add', path: ENTERPRISE, value: { department: 'Engines' } }],
      { [ENTERPRISE]: { department: 'Engines' } },
    ],
    [
      'removes an extension',
      { [ENTERPRISE]: { department: 'Engines' } },
      [{ op: 'remove', path: ENTERPRISE }],
      {},
    ],
    [
      'removes the last of an extension',
      { [ENTERPRISE]: { department: 'Engines' } },
      [{ op: 'remove', path: `${ENTERPRISE}:department` }],
      {},
    ],
    [
      'replaces a manager wholly',
      { [ENTERPRISE]: { manager: { value: '1', $ref: 'Users/1' } } },
      [{ op: 'replace', path: `${ENTERPRISE}:manager`, value: { value: '2' } }],
      { [ENTERPRISE]: { manager: { value: '2' } } },
    ],
    [
      'takes roles as texts',
      {},
      [{ op: 'add', path: 'roles', value: ['admin', { value: 'user' }] }],
      { roles: [{ value: 'admin' }, { value: 'user' }] },
    ],
    [
      'passes over what is not kept',
      {},
      [
        {
          op: 'replace',
          value: {
            password: 'x',
            groups: [{ value: '1' }],
            id: 'y',
            meta: {},
            shoeSize: 43,
            'urn:x:y:2.0:User:z': 1,
          },
        },
        { op: 'add', path: 'password', value: 'x' },
        { op: 'add', path: 'urn:x:y:2.0:User:z', value: 1 },
      ],
      {},
    ],
  ])('%s', (_, before, operations, after) => {
    expect(attributes(patch(...operations)(stored(before)))).toEqual({ userName: 'ada', ...after });
  });

  it('comes to what is stored when nothing changes', () => {
    const before = stored({ emails: [work], name: { givenName: 'Ada', familyName: 'King' } });
    const same = {
      op: 'replace',
      value: { name: { familyName: 'King', givenName: 'Ada' }, emails: [work] },
    };
    expect(attributes(patch(same)(before))).toEqual(before.attributes);
    expect(attributes(readReplace(before.attributes)(before))).toEqual(before.attributes);
  });

  it('is all or nothing, and leaves the stored attributes alone', () => {
    const before = stored({ emails: [work] });
    const copy = structuredClone(before);
    const edited = patch(
      { op: 'add', path: 'emails', value: home },
      { op: 'remove', path: 'userName' },
    )(before);
    expect(codeOf(edited)).toBe('scim.mutability');
    expect(before).toEqual(copy);
  });

  it.each<[string, unknown, string]>([
    ['an unknown op', { op: 'move', path: 'title', value: 'x' }, 'scim.invalid_syntax'],
    ['no op', { path: 'title', value: 'x' }, 'scim.invalid_syntax'],
    ['no operation', 'replace', 'scim.invalid_syntax'],
    ['remove without a path', { op: 'remove', value: { title: 'x' } }, 'scim.no_target'],
    ['no value', { op: 'add', path: 'title' }, 'scim.invalid_value'],
    ['a value that is no object, without a path', { op: 'add', value: 'x' }, 'scim.invalid_value'],
    ['a path that is none', { op: 'add', path: 'a b', value: 'x' }, 'scim.invalid_path'],
    ['a path that is no text', { op: 'add', path: 5, value: 'x' }, 'scim.invalid_path'],
    [
      'a filter on what has one value',
      { op: 'add', path: 'name[givenName eq "Ada"]', value: {} },
      'scim.invalid_path',
    ],
    [
      'a filter about what is not there',
      { op: 'add', path: 'emails[colour eq "red"].value', value: 'x' },
      'scim.invalid_path',
    ],
    [
      'nothing that meets a filter which cannot be made true',
      { op: 'replace', path: 'emails[value sw "z"].value', value: 'x' },
      'scim.no_target',
    ],
    ['a write to id', { op: 'replace', path: 'id', value: 'x' }, 'scim.mutability'],
    ['a write to groups', { op: 'add', path: 'groups', value: [] }, 'scim.mutability'],
    ['the removal of userName', { op: 'remove', path: 'userName' }, 'scim.mutability'],
    ['a userName of null', { op: 'replace', path: 'userName', value: null }, 'scim.invalid_value'],
    ['a blank userName', { op: 'replace', path: 'userName', value: ' ' }, 'scim.invalid_value'],
    [
      'a userName too long to be found by',
      { op: 'replace', path: 'userName', value: 'x'.repeat(513) },
      'scim.invalid_value',
    ],
    ['a number for a text', { op: 'replace', path: 'title', value: 5 }, 'scim.invalid_value'],
    [
      'two values for one',
      { op: 'replace', path: 'title', value: ['a', 'b'] },
      'scim.invalid_value',
    ],
    ['a text for a name', { op: 'replace', path: 'name', value: 'Ada' }, 'scim.invalid_value'],
    [
      'a word for primary',
      { op: 'add', path: 'emails', value: { value: 'x', primary: 'yes' } },
      'scim.invalid_value',
    ],
    [
      'an object for an e-mail',
      { op: 'add', path: 'emails', value: { value: { value: { value: 'x' } } } },
      'scim.invalid_value',
    ],
    [
      'too many values',
      {
        op: 'add',
        path: 'emails',
        value: Array.from({ length: 1_001 }, (_, n) => ({ value: `${n}` })),
      },
      'scim.invalid_value',
    ],
    ['NUL', { op: 'replace', path: 'title', value: 'a\u0000b' }, 'request.unstorable_text'],
    [
      'an unpaired surrogate',
      { op: 'replace', path: 'title', value: 'a\ud800b' },
      'request.unstorable_text',
    ],
    ['a text for a schema', { op: 'add', value: { [ENTERPRISE]: 'x' } }, 'scim.invalid_value'],
  ])('refuses %s', (_, operation, code) => {
    expect(codeOf(patch(operation)(stored()))).toBe(code);
  });

  it('refuses more operations than a person has attributes, many times over', () => {
    const many = Array.from({ length: 2_001 }, () => ({
      op: 'replace',
      path: 'title',
      value: 'x',
    }));
    expect(codeOf(patch(...many)(stored()))).toBe('scim.invalid_value');
  });
});

describe('PUT replaces', () => {
  it('clears what it leaves out, but not active', () => {
    const edited = readReplace({ userName: 'ada', title: 'Countess' })(
      stored({ nickName: 'Ada', emails: [work] }, false),
    );
    expect(edited).toEqual({
      word: 'absent',
      next: {
        userName: 'ada',
        externalId: null,
        emails: [],
        active: false,
        attributes: { userName: 'ada', title: 'Countess' },
      },
    });
  });

  it.each([undefined, null, 5, 'text', [], [{ userName: 'ada' }]])('refuses %j', (body) => {
    expect(codeOf(readReplace(body)(stored()))).toBe('scim.invalid_syntax');
  });

  it('refuses a resource of another type', () => {
    const body = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], userName: 'ada' };
    expect(codeOf(readReplace(body)(stored()))).toBe('scim.invalid_syntax');
  });

  it('folds e-mails for finding and keeps them as they came', () => {
    const edited = readReplace({
      userName: 'ada',
      emails: [
        { value: 'Ada@X' },
        { value: 'ada@x' },
        { value: 'no e-mail' },
        { type: 'work', value: null },
      ],
    })(stored());
    if ('refused' in edited) throw edited.refused;
    expect(edited.next.emails).toEqual(['ada@x', 'no e-mail']);
    expect(edited.next.attributes['emails']).toEqual([
      { value: 'Ada@X' },
      { value: 'ada@x' },
      { value: 'no e-mail' },
    ]);
  });
});

/** Any JSON, with the names that matter strewn in. */
const names = fc.constantFrom(
  'active',
  'Active',
  'ACTIVE',
  'op',
  'path',
  'value',
  'Operations',
  'schemas',
  'userName',
  'emails',
  'name',
  'title',
  'constructor',
  'toString',
  '__proto__',
  'urn:ietf:params:scim:schemas:core:2.0:User',
  ENTERPRISE,
  'urn:ietf:params:scim:schemas:core:2.0:User:active',
  'emails[type eq "work"].value',
  '/active',
  'a b',
);
const words = fc.constantFrom<unknown>(
  true,
  false,
  'True',
  'False',
  'true',
  'false',
  'maybe',
  'replace',
  'Add',
  'remove',
  'active',
  'title',
  '',
  null,
  0,
  1,
);
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    words,
    fc.jsonValue({ maxDepth: 1 }),
    fc.array(tie('json'), { maxLength: 4 }),
    fc
      .array(fc.tuple(names, tie('json')), { maxLength: 5 })
      .map(
        (entries) =>
          JSON.parse(
            `{${entries.map(([n, v]) => `${JSON.stringify(n)}:${JSON.stringify(v)}`).join(',')}}`,
          ) as unknown,
      ),
  ),
}));
const operation = fc.record(
  {
    op: fc.oneof(fc.constantFrom('add', 'Replace', 'remove', 'REMOVE'), json),
    path: fc.oneof(names, json),
    value: json,
  },
  { requiredKeys: [] },
);

describe('whatever comes', () => {
  const before = [stored({ emails: [work, home], title: 'x' }), stored({}, false)];

  const settles = (edit: Edit): void => {
    for (const resource of before) {
      const copy = structuredClone(resource);
      const edited = edit(resource);
      expect(resource).toEqual(copy);
      // A refusal is one of ours, never a surprise.
      if ('refused' in edited) expect(codeOf(edited)).toMatch(/^(scim|request)\./);
      else {
        expect(edited.word).not.toBe('unreadable');
        expect(edited.next.active).toBe(
          edited.word === 'absent' ? resource.active : edited.word === 'true',
        );
        expect(edited.next.attributes).not.toHaveProperty('active');
        expect(edited.next.attributes).not.toHaveProperty('password');
        expect(edited.next.userName.trim()).not.toBe('');
      }
    }
  };

  it('PATCH settles or refuses', () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 5 }), (operations) => {
        settles(patch(...operations));
      }),
      { numRuns: 1_000 },
    );
    fc.assert(
      fc.property(json, (body) => {
        settles(readPatch(body));
      }),
      { numRuns: 1_000 },
    );
  });

  it('PUT and POST settle or refuse', () => {
    fc.assert(
      fc.property(json, (body) => {
        settles(readReplace(body));
        const made = readCreate(body);
        if ('image' in made) expect(made.word).not.toBe('unreadable');
        else expect(made.refused).toBeInstanceOf(DomainError);
      }),
      { numRuns: 1_000 },
    );
  });

  it('nothing but a true is ever read as true, and nothing but a false as false', () => {
    const plain = new Map<string, ActiveWord>([
      ['true', 'true'],
      ['false', 'false'],
    ]);
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.string({
            unit: fc.constantFrom('t', 'r', 'u', 'e', 'f', 'a', 'l', 's', 'T', 'R', 'U', 'E', ' '),
          }),
        ),
        (word) => {
          expect(readActive(word)).toBe(plain.get(word.toLowerCase()) ?? 'unreadable');
        },
      ),
    );
    for (const value of [
      0,
      1,
      -1,
      {},
      { value: {} },
      { value: [true] },
      [[true]],
      [true, true],
      'yes',
      'on',
      '1',
      ' true',
      'TRUE\n',
      'ｔｒｕｅ',
    ])
      expect([value, readActive(value)]).toEqual([value, 'unreadable']);
    for (const value of [null, [], [null], { value: null }, [{ value: null }]])
      expect([value, readActive(value)]).toEqual([value, 'absent']);
  });

  it('the last readable word of a PATCH counts, whatever its other operations do', () => {
    const said = fc.constantFrom<[unknown, ActiveWord]>(
      [true, 'true'],
      ['True', 'true'],
      [false, 'false'],
      ['False', 'false'],
    );
    const noise = fc.constantFrom(
      { op: 'replace', path: 'title', value: 5 },
      { op: 'add', path: 'nickName', value: 'x' },
      { op: 'remove' },
      'nonsense',
      { op: 'remove', path: 'active' },
    );
    const form = fc.constantFrom(
      (value: unknown) => ({ op: 'replace', path: 'active', value }),
      (value: unknown) => ({ op: 'Add', path: 'ACTIVE', value: [{ value }] }),
      (value: unknown) => ({ op: 'add', value: { title: 'x', active: value } }),
      (value: unknown) => ({
        op: 'replace',
        path: 'urn:ietf:params:scim:schemas:core:2.0:User:active',
        value,
      }),
    );
    fc.assert(
      fc.property(
        fc.array(noise),
        fc.array(fc.tuple(said, form), { minLength: 1 }),
        fc.array(noise),
        (first, spoken, last) => {
          const operations = [...first, ...spoken.map(([[value], write]) => write(value)), ...last];
          expect(patch(...operations)(stored()).word).toBe(spoken.at(-1)![0][1]);
        },
      ),
    );
  });
});
