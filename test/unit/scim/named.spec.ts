// P7, P9: what operators see of a request tells what it said of active, and nothing that is anybody's.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { operationOf } from '../../../src/scim/http/watched.js';
import { namedIn, type Named } from '../../../src/scim/read/named.js';

const bytes = (body: unknown): Uint8Array =>
  Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
const patch = (...Operations: unknown[]): Named | null =>
  namedIn({ method: 'PATCH', operation: 'users.patch', query: {}, body: bytes({ Operations }) });
const post = (body: unknown): Named | null =>
  namedIn({ method: 'POST', operation: 'users.create', query: {}, body: bytes(body) });
const list = (query: object): Named | null =>
  namedIn({ method: 'GET', operation: 'users.list', query, body: null });

describe('of a PATCH', () => {
  it("Entra's words are shown as they came: the string False, and how it is read", () => {
    expect(
      patch(
        { op: 'Replace', path: 'active', value: 'False' },
        { op: 'Add', path: 'emails[type eq "work"].value', value: 'marker@example.test' },
        { op: 'Replace', path: 'name.familyName', value: 'Marker' },
      ),
    ).toEqual({
      active: 'false',
      operations: [
        { op: 'Replace', path: 'active', value: '"False"' },
        { op: 'Add', path: 'emails[…].value' },
        { op: 'Replace', path: 'name.familyName' },
      ],
    });
  });

  it("Okta's, without a path, too", () => {
    expect(patch({ op: 'replace', value: { active: false, userName: 'marker' } })).toEqual({
      active: 'false',
      operations: [{ op: 'replace', names: ['active', 'userName'], value: 'false' }],
    });
  });

  it.each([
    ['maybe', 'unreadable'],
    [{ value: 'marker' }, 'unreadable'],
    [[], 'absent'],
    [0, 'unreadable'],
  ])('an active that is no boolean is shown as it is read: %j', (value, shown) => {
    expect(patch({ op: 'replace', path: 'active', value })).toMatchObject({
      operations: [{ op: 'replace', path: 'active', value: shown }],
    });
  });

  it('names that are none of ours are not shown', () => {
    expect(
      patch(
        { op: 'marker', path: 'marker.value' },
        { op: 'add', value: { marker: 1, title: 'x' } },
      ),
    ).toEqual({
      operations: [
        { op: '?', path: '?.value' },
        { op: 'add', names: ['?', 'title'] },
      ],
    });
  });

  it('the first twenty operations are shown, and how many more there were', () => {
    const operations = patch(...Array(50).fill({ op: 'add', path: 'title' }))!['operations'];
    expect(operations).toHaveLength(21);
    expect(operations).toContainEqual({ more: 30 });
  });

  it('a body that is no JSON says whether it may be about active', () => {
    const read = (body: string) =>
      namedIn({ method: 'PATCH', operation: 'users.patch', query: {}, body: bytes(body) });
    expect(read('{"active": fal')).toMatchObject({ active: 'unreadable', malformed: true });
    expect(read('marker')).toEqual({ malformed: true, operations: { names: [] } });
  });
});

describe('of a resource', () => {
  it('its names, with those of extensions', () => {
    const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
    expect(
      post({ userName: 'marker', active: true, [enterprise]: { department: 'marker', x: 1 } }),
    ).toEqual({
      active: 'true',
      names: ['userName', 'active', enterprise, 'department', '?'],
      value: 'true',
    });
  });
});

describe('of a search', () => {
  it('its filter with every value closed, but those of active', () => {
    expect(
      list({ filter: 'userName eq "marker" and active eq "False"', count: '1', marker: 'x' }),
    ).toEqual({
      parameters: ['filter', 'count'],
      filter: '(userName eq … and active eq "False")',
    });
    expect(list({ filter: 'emails[type eq "work"].value eq "marker"' })).toMatchObject({
      filter: expect.stringMatching(/^emails\[type eq …\]/),
    });
    expect(list({ filter: 'marker eq' })).toMatchObject({ filter: '?' });
    expect(list({})).toBeNull();
  });
});

it('no text of a client comes through, whatever it is and wherever it stands', () => {
  const marker = 'Zq7Marker';
  const word = fc.constantFrom(marker, `a${marker}`, `${marker}@x.test`, `urn:${marker}:b`);
  const known = fc.constantFrom(
    'userName',
    'emails',
    'value',
    'active',
    'op',
    'path',
    'Operations',
  );
  const json = fc.letrec((tie) => ({
    node: fc.oneof(
      { maxDepth: 4 },
      word,
      fc.boolean(),
      fc.array(tie('node'), { maxLength: 3 }),
      fc.dictionary(fc.oneof(word, known), tie('node'), { maxKeys: 4 }),
    ),
  })).node;
  fc.assert(
    fc.property(json, fc.constantFrom('PATCH', 'PUT', 'POST'), (body, method) => {
      const said = namedIn({ method, operation: 'users.x', query: {}, body: bytes(body) });
      expect(JSON.stringify(said)).not.toContain('Zq7');
    }),
  );
  fc.assert(
    fc.property(word, known, (value, name) => {
      for (const filter of [`${name} eq "${value}"`, `${value} pr`, `${name}[${value} eq true]`])
        expect(JSON.stringify(list({ filter }))).not.toContain('Zq7');
    }),
  );
});

it.each([
  ['POST', '/scim/v2/Users', 'users.create'],
  ['GET', '/scim/v2/Users', 'users.list'],
  ['GET', '/scim/v2/Users/:id', 'users.get'],
  ['PUT', '/scim/v2/Users/:id', 'users.replace'],
  ['PATCH', '/scim/v2/Groups/:id', 'groups.patch'],
  ['DELETE', '/scim/v2/Users/:id', 'users.delete'],
  ['POST', '/scim/v2/.search', 'search'],
  ['POST', '/scim/v2/Users/.search', 'search'],
  ['POST', '/scim/v2/Bulk', 'bulk'],
  ['GET', '/scim/v2/Schemas/:id', 'discovery'],
  ['GET', '/scim/v2/Me', 'discovery'],
])('%s %s is %s', (method, route, operation) => {
  expect(operationOf(method, route)).toBe(operation);
});
