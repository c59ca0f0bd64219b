// P9: fail closed: an `active` that we cannot read is never answered 200, and never hides a false that we can.
import { describe, expect, it } from '@jest/globals';
import type { Edit, StoredResource } from '../../../src/deprovision/index.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import type { ResourceId, UserId } from '../../../src/kernel/ids.js';
import { MalformedBody, readBody as readBytes } from '../../../src/scim/read/body.js';
import { readCreate, readPatch, readReplace } from '../../../src/scim/read/edit.js';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const ID = '0193a1b2-0000-7000-8000-000000000001';
const at = new Date('2026-11-23T00:00:00Z');
const ada: StoredResource = {
  userName: 'ada',
  externalId: null,
  emails: [],
  active: true,
  attributes: { userName: 'ada' },
  id: ID as ResourceId,
  user: ID as UserId,
  version: 1,
  createdAt: at,
  changedAt: at,
};

const readBody = (text: string) => readBytes(Buffer.from(text));

const becomes = (edit: Edit): readonly [string, string] => {
  const edited = edit(ada);
  if (!('refused' in edited)) return [edited.word, 'done'];
  if (!(edited.refused instanceof DomainError)) throw edited.refused;
  return [edited.word, edited.refused.code];
};
const patched = (...Operations: unknown[]) => becomes(readPatch({ Operations }));
const leave = '{"op":"replace","path":"active","value":false}';
const HELD = ['unreadable', 'scim.active_unreadable'];

describe('a name that may mean active', () => {
  const hidden = [
    '$.active',
    '$active',
    'User.active',
    'user.ACTIVE',
    'active.foo',
    'Active.foo.value',
    `${USER}.active`,
    `${USER.toUpperCase()}.Active`,
    `${USER}:User.active`,
    `${ENTERPRISE}:active`,
    'active[value eq true]',
    'active[value eq true].foo',
    'x[active eq true].value',
    '"active"',
    "'active'",
    ' $.active ',
    '/Active',
    'active.',
    'active:',
    'active_',
  ];

  it.each(hidden)('holds as the path %s', (path) => {
    expect(patched({ op: 'replace', path, value: false })).toEqual(HELD);
    expect(patched({ op: 'remove', path })).toEqual(HELD);
  });

  it.each(hidden)('holds as the member %s', (name) => {
    expect(patched({ op: 'replace', value: { [name]: false } })).toEqual(HELD);
    expect(patched({ op: 'replace', path: USER, value: { [name]: false } })).toEqual(HELD);
    expect(becomes(readReplace({ userName: 'ada', [name]: false }))).toEqual(HELD);
  });

  it.each(['active', 'Active.value', ' ACTIVE ', `${USER}:active`, `${USER}:Active.Value`])(
    'is read where it is understood: %s',
    (path) => {
      expect(patched({ op: 'replace', path, value: false })).toEqual(['false', 'done']);
    },
  );

  it.each([
    'interactive',
    'x.activeDirectoryId',
    'active_directory_id',
    'active-directory.id',
    'isActive',
    'activeUntil',
    'inactive',
    'x.inactive',
    'list[status eq "active"].value',
    'urn:example:interactive:2.0:User:shoeSize',
  ])('is not %s, which stays unknown', (path) => {
    expect(patched({ op: 'replace', path, value: false })).toEqual(['absent', 'done']);
    expect(patched({ op: 'replace', value: { [path]: false } })).toEqual(['absent', 'done']);
  });

  it.each(['roles[value eq "active"].display', 'emails[type eq "active"].value'])(
    'is not a text in a filter: %s',
    (path) => {
      expect(patched({ op: 'replace', path, value: 'x' })[1]).not.toBe('scim.active_unreadable');
    },
  );

  it.each([
    ['signs', `a${'-'.repeat(500_000)}b`],
    ['quotes', '\\"'.repeat(250_000)],
  ])('is looked for in any number of %s', (_, path) => {
    expect(patched({ op: 'add', path, value: 'x' })).toEqual(['absent', 'scim.invalid_path']);
    expect(becomes(readReplace({ userName: 'ada', [path]: 'x' }))).toEqual(['absent', 'done']);
  });

  it('is not the text of another attribute', () => {
    expect(patched({ op: 'replace', path: 'title', value: 'active' })).toEqual(['absent', 'done']);
  });
});

describe('an active in a form that is none', () => {
  const operation = { op: 'replace', path: 'active', value: false };

  it.each<[string, unknown]>([
    ['Operations as an object', { Operations: operation }],
    ['Operations as a text', { Operations: JSON.stringify([operation]) }],
    ['a bare list of operations', [operation]],
    ['a list of lists of operations', { Operations: [[operation]] }],
    ['operations under another name', { Ops: [operation] }],
    ['a value in two lists', { Operations: [{ op: 'add', value: [[{ active: false }]] }] }],
    ['a value of mixed sorts', { Operations: [{ op: 'add', value: [{ active: false }, 5] }] }],
    ['a path in a list', { Operations: [{ ...operation, path: ['active'] }] }],
    ['a path in an object', { Operations: [{ ...operation, path: { path: 'active' } }] }],
    [
      'a value under a path that is none',
      { Operations: [{ op: 'add', path: '/', value: { active: false } }] },
    ],
  ])('holds: %s', (_, body) => {
    expect(becomes(readPatch(body))).toEqual(HELD);
  });

  it('holds as a list that is put', () => {
    expect(becomes(readReplace([{ userName: 'ada', active: false }]))).toEqual(HELD);
  });

  it('is no hold where active is not touched', () => {
    expect(becomes(readPatch([{ op: 'replace', path: 'title', value: 'active' }]))).toEqual([
      'absent',
      'scim.invalid_syntax',
    ]);
    expect(becomes(readPatch({ Operations: { op: 'add', path: 'title', value: 'x' } }))).toEqual([
      'absent',
      'scim.invalid_syntax',
    ]);
  });
});

describe('a path that may mean the person', () => {
  const leaver = { active: false };

  it.each(['$', 'User', ' user ', USER, USER.toLowerCase()])('is none at all: %s', (path) => {
    for (const value of [leaver, [leaver], { ACTIVE: 'False' }, { [`${USER}:active`]: false }])
      expect(patched({ op: 'replace', path, value })).toEqual(['false', 'done']);
  });

  it.each(['.', 'Users', 'resource', 'attributes', `${USER}:`, 'urn:example:2.0:User', 'x.y'])(
    'holds when its value names active: %s',
    (path) => {
      expect(patched({ op: 'replace', path, value: leaver })).toEqual(HELD);
      expect(patched({ op: 'add', path, value: [{ title: 'x' }, leaver] })).toEqual(HELD);
    },
  );

  it('holds when it is a schema and its value has no form that we know', () => {
    expect(patched({ op: 'replace', path: USER, value: [[leaver]] })).toEqual(HELD);
  });

  it.each([{ isActive: false }, ['active'], 'active', false, null])(
    'is unknown, and passed over, with the value %j',
    (value) => {
      expect(patched({ op: 'replace', path: 'membership', value })).toEqual(['absent', 'done']);
    },
  );

  it('is nobody who is removed by it', () => {
    expect(patched({ op: 'remove', path: 'membership', value: leaver })).toEqual([
      'absent',
      'done',
    ]);
  });
});

describe('a body that is no JSON', () => {
  it.each([
    "{'Operations': [{'op': 'replace', 'path': 'active', 'value': False}]}",
    '{"Operations":[{"op":"replace","path":"active","value":false}]',
    '<User><active>false</active></User>',
    'userName=ada&active=false',
  ])('holds when it mentions active: %s', (text) => {
    expect(becomes(readPatch(readBody(text)))).toEqual(HELD);
    expect(becomes(readReplace(readBody(text)))).toEqual(HELD);
    expect(readCreate(readBody(text))).toMatchObject({ word: 'unreadable', userName: null });
  });

  it.each(['utf16le', 'latin1'] as const)('is looked through in %s', (encoding) => {
    const body = readBytes(Buffer.from('{"title":"é","active":false}', encoding));
    expect(becomes(readReplace(body))).toEqual(HELD);
  });

  it('is refused without a hold when it does not', () => {
    expect(becomes(readPatch(readBody('{"Operations":[{"path":"interactive"')))).toEqual([
      'absent',
      'request.malformed',
    ]);
  });
});

describe('a body of another media type', () => {
  const refusal = new DomainError('request.media_type', 'visibly made up');

  it('is read for what it says of active, and refused all the same', () => {
    const said = (text: string) => becomes(readPatch(readBytes(Buffer.from(text), refusal)));
    expect(said(`{"Operations":[${leave}]}`)).toEqual(['false', 'request.media_type']);
    expect(said('{"Operations":[{"op":"add","path":"title","value":"x"}]}')).toEqual([
      'absent',
      'request.media_type',
    ]);
    expect(said('active=false')).toEqual(HELD);
  });
});

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
const parsed = (text: string): unknown => JSON.parse(text);

describe('nesting', () => {
  it.each(['path', 'op', 'value', 'x'])('as %s does not hide the false beside it', (name) => {
    const rest = { op: 'add', path: 'emails', value: 'x', [name]: 'NESTED' };
    const first = JSON.stringify(rest).replace('"NESTED"', nested(20_000));
    const text = `{"Operations":[${first},${leave}]}`;
    // Without the bound at the door, too: no reader may run out of stack.
    expect(becomes(readPatch(parsed(text)))[0]).toBe('false');
    expect(becomes(readPatch(readBody(text)))).toEqual(['false', 'scim.invalid_syntax']);
  });

  it.each(['active', 'emails', 'name', 'userName', 'schemas', USER, 'x'])(
    'as %s runs no reader out of stack',
    (name) => {
      const text = `{"userName":"ada","${name}":${nested(50_000)}}`;
      for (const body of [parsed(text), readBody(text)]) {
        becomes(readReplace(body));
        becomes(readPatch(body));
        readCreate(body);
      }
      expect(readBody(text)).toBeInstanceOf(MalformedBody);
    },
  );

  it('holds where it hides an active itself', () => {
    const path = `${'['.repeat(20_000)}"active"${']'.repeat(20_000)}`;
    const text = `{"Operations":[{"op":"replace","path":${path},"value":false}]}`;
    expect(becomes(readPatch(readBody(text)))).toEqual(HELD);
  });

  it('of 64 is taken and of 65 is not', () => {
    const body = (depth: number) => readBody(`{"userName":"ada","x":${nested(depth - 1)}}`);
    expect(becomes(readReplace(body(64)))).toEqual(['absent', 'done']);
    expect(becomes(readReplace(body(65)))).toEqual(['absent', 'scim.invalid_syntax']);
  });
});

describe('a member that stands twice', () => {
  it.each([
    `{"Operations":[${leave}],"Operations":[]}`,
    `{"Operations":[${leave}],"operations":[]}`,
    `{"Operations":[${leave}],"\\u004fperations":[]}`,
    '{"Operations":[{"op":"replace","path":"active","Value":false,"value":null}]}',
    '{"Operations":[{"op":"replace","path":"active","path":"title","value":"x"}]}',
    '{"Operations":[{"op":"replace","value":{"active":false,"active":null}}]}',
    '{"Operations":[{"op":"replace","value":{"active":false,"ACTIVE":true}}]}',
    '{"Operations":[{"op":"replace","value":{"active":false},"value":{"title":"x"}}]}',
    `{"Operations":[{"op":"replace","value":{"${USER}:active":false,"${USER}:active":true}}]}`,
    `{"Operations":[{"op":"replace","value":{"${USER}":{"active":false},"${USER}":{}}}]}`,
    `{"schemas":[],"schemas":[],"Operations":[${leave}]}`,
    '{"Operations":[{"op":"replace","op":"remove","path":"active","value":false}]}',
  ])('holds when active is in it: %s', (text) => {
    expect(becomes(readPatch(readBody(text)))).toEqual(HELD);
  });

  it('holds whoever is put or posted', () => {
    const body = readBody('{"userName":"ada","active":false,"active":true}');
    expect(becomes(readReplace(body))).toEqual(HELD);
    expect(readCreate(body)).toMatchObject({ word: 'unreadable', userName: 'ada' });
  });

  it('is refused without a hold when active is not in it', () => {
    const text = '{"Operations":[{"op":"add","path":"title","value":"active","Value":"x"}]}';
    expect(becomes(readPatch(readBody(text)))).toEqual(['absent', 'scim.invalid_syntax']);
  });

  it('is none in two objects, in a text, or of a name that does not matter', () => {
    const bodies = [
      '{"userName":"ada","emails":[{"value":"a","type":"work"},{"value":"b"}]}',
      '{"userName":"ada","title":"\\"value\\":1,\\"value\\":2","x":{"value":1},"y":{"value":2}}',
      '{"userName":"ada","shoeSize":43,"shoeSize":44}',
    ];
    for (const text of bodies)
      expect(becomes(readReplace(readBody(text)))).toEqual(['absent', 'done']);
  });

  it('is looked for in long texts too', () => {
    const long = '\\"'.repeat(500_000);
    const text = `{"x":"${long}","userName":"ada","active":false,"active":true}`;
    expect(becomes(readReplace(readBody(text)))).toEqual(HELD);
  });
});
