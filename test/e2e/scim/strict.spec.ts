// P9: fail closed. A strict connection is refused what the interoperability profile forbids, and what it says of active counts all the same.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId, type UserId } from '../../../src/kernel/ids.js';
import { ScimServer, type ScimAnswer, type ScimClient } from '../../support/scim-server.js';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

let server: ScimServer;
let client: ScimClient;

beforeAll(async () => {
  server = await ScimServer.open();
});
afterAll(() => server.close());
beforeEach(async () => {
  client = await server.client({ interop: 'strict' });
});

const create = (more: object = {}): Promise<ScimAnswer> =>
  server.send(client, 'POST', '/Users', {
    body: { schemas: [USER], userName: `${newId()}@example.com`, ...more },
  });

const made = async (more: object = {}): Promise<string> => {
  const { status, body } = await create(more);
  expect(status).toBe(201);
  return body.id as string;
};

const patch = (id: string, ...Operations: readonly unknown[]): Promise<ScimAnswer> =>
  server.send(client, 'PATCH', `/Users/${id}`, { body: { schemas: [PATCH_OP], Operations } });

const get = async (id: string) => (await server.send(client, 'GET', `/Users/${id}`)).body;

const find = async (filter: string): Promise<ScimAnswer> =>
  server.send(client, 'GET', `/Users?filter=${encodeURIComponent(filter)}`);

describe('a strict connection', () => {
  it('says that it is one, and a tolerant one does not', async () => {
    const told = async (whose: ScimClient) =>
      (await server.send(whose, 'GET', '/ServiceProviderConfig')).body.interopProfileConformant;
    expect(await told(client)).toBe(true);
    expect(await told(await server.client())).toBeUndefined();
  });

  it('takes what the profile asks for: whole resources, paths, types, and its own answers again', async () => {
    const { status, body } = await create({
      name: { givenName: 'Ada' },
      emails: [{ value: 'ada@example.com', type: 'work', primary: true }],
      schemas: [USER, ENTERPRISE],
      [ENTERPRISE]: { department: 'Engines', manager: { value: newId() } },
      title: null,
    });
    expect(status).toBe(201);
    const changed = await patch(
      body.id,
      { op: 'replace', path: 'active', value: false },
      { op: 'replace', path: 'emails[type eq "work"].value', value: 'new@example.com' },
      { op: 'add', path: `${ENTERPRISE}:costCenter`, value: '7' },
      { op: 'remove', path: 'name.givenName' },
    );
    expect(changed.status).toBe(200);
    expect(changed.body).toMatchObject({ active: false, emails: [{ value: 'new@example.com' }] });
    const again = await server.send(client, 'PUT', `/Users/${body.id}`, { body: changed.body });
    expect(again.status).toBe(200);
  });

  it.each([
    ['no schemas', { schemas: undefined }, 'invalidSyntax'],
    ['another schema', { schemas: [USER, 'urn:example:more'] }, 'invalidSyntax'],
    ['an unknown attribute', { shoeSize: 43 }, 'invalidSyntax'],
    ['an unknown part', { name: { petName: 'A' } }, 'invalidSyntax'],
    ['a dotted name', { 'name.givenName': 'Ada' }, 'invalidSyntax'],
    ['a password', { password: 'not-a-real-password' }, 'invalidSyntax'],
    ['an extension without its URN', { department: 'Engines' }, 'invalidSyntax'],
    ['a boolean in quotes', { emails: [{ value: 'a@b', primary: 'true' }] }, 'invalidValue'],
    ['one where a list belongs', { emails: { value: 'a@b' } }, 'invalidValue'],
    ['a list where one belongs', { title: ['Dr'] }, 'invalidValue'],
    ['a number where a text belongs', { title: 7 }, 'invalidValue'],
  ])('refuses a resource with %s', async (_, more, scimType) => {
    const { status, body } = await create(more);
    expect({ status, scimType: body.scimType }).toEqual({ status: 400, scimType });
  });

  it('passes over the groups of a person in a resource, and refuses to change them (RFC 7644 §3.5)', async () => {
    const made = await create({ groups: [{ value: 'x' }] });
    expect(made.status).toBe(201);
    const refused = await patch(made.body.id, { op: 'add', path: 'groups', value: [] });
    expect({ status: refused.status, scimType: refused.body.scimType }).toEqual({
      status: 400,
      scimType: 'mutability',
    });
  });

  it.each([
    ['no path', { op: 'replace', value: { title: 'Dr' } }, 'invalidSyntax'],
    ['an op in other letters', { op: 'Replace', path: 'title', value: 'Dr' }, 'invalidSyntax'],
    ['an unknown path', { op: 'replace', path: 'shoeSize', value: 43 }, 'invalidSyntax'],
    [
      'an element as a whole',
      { op: 'replace', path: 'emails[type eq "work"]', value: {} },
      'invalidPath',
    ],
    [
      'an element that is not there',
      { op: 'add', path: 'emails[type eq "work"].value', value: 'a@b' },
      'noTarget',
    ],
    [
      'a value to remove',
      { op: 'remove', path: 'emails', value: [{ value: 'a@b' }] },
      'invalidValue',
    ],
    ['a wrapped value', { op: 'replace', path: 'title', value: [{ value: 'Dr' }] }, 'invalidValue'],
  ])('refuses a PATCH with %s', async (_, operation, scimType) => {
    const { status, body } = await patch(await made(), operation);
    expect({ status, scimType: body.scimType }).toEqual({ status: 400, scimType });
  });

  it('replaces a complex attribute as a whole, and adds by merging', async () => {
    const id = await made({ name: { givenName: 'Ada', familyName: 'King' } });
    await patch(id, { op: 'add', path: 'name', value: { middleName: 'A.' } });
    expect((await get(id)).name).toEqual({
      givenName: 'Ada',
      familyName: 'King',
      middleName: 'A.',
    });
    await patch(id, { op: 'replace', path: 'name', value: { givenName: 'Zoë' } });
    expect((await get(id)).name).toEqual({ givenName: 'Zoë' });
  });

  it('takes add for replace where there is one value, and a list as a whole or as more of it', async () => {
    const id = await made({ title: 'Dr', emails: [{ value: 'a@b', type: 'work' }] });
    await patch(id, { op: 'add', path: 'title', value: 'Countess' });
    await patch(id, { op: 'add', path: 'emails', value: [{ value: 'c@d', type: 'home' }] });
    expect(await get(id)).toMatchObject({
      title: 'Countess',
      emails: [{ value: 'a@b' }, { value: 'c@d' }],
    });
    await patch(id, { op: 'replace', path: 'emails', value: [{ value: 'e@f', type: 'work' }] });
    expect((await get(id)).emails).toMatchObject([{ value: 'e@f' }]);
  });

  it('compares in filters as it does when a name is taken', async () => {
    const userName = `${newId()}@Example.com`;
    const id = await made({ userName, externalId: 'Abc' });
    const found = async (filter: string) => (await find(filter)).body.totalResults as number;
    expect(await found(`userName eq "${userName.toUpperCase()}"`)).toBe(1);
    expect(await found('externalId eq "Abc" and active eq true')).toBe(1);
    expect(await found('externalId eq "abc"')).toBe(0);
    await made({ externalId: 'abc' });
    const taken = { status: 409, body: { scimType: 'uniqueness', status: '409' } };
    expect(await create({ userName: userName.toLowerCase() })).toMatchObject(taken);
    const other = await made();
    const rename = { op: 'replace', path: 'userName', value: userName.toLowerCase() };
    expect(await patch(other, rename)).toMatchObject(taken);
    expect((await get(id)).userName).toBe(userName);
  });

  it('refuses to filter by what no schema has', async () => {
    expect(await find('shoeSize eq "43"')).toMatchObject({
      status: 400,
      body: { scimType: 'invalidFilter' },
    });
  });

  it('keeps whom a PATCH deactivates, and forgets whom a DELETE deletes', async () => {
    const userName = `${newId()}@example.com`;
    const id = await made({ userName });
    await patch(id, { op: 'replace', path: 'active', value: false });
    expect((await find(`userName eq "${userName}"`)).body.totalResults).toBe(1);
    expect((await server.send(client, 'DELETE', `/Users/${id}`)).status).toBe(204);
    expect((await find(`userName eq "${userName}"`)).body.totalResults).toBe(0);
    for (const method of ['GET', 'DELETE'])
      expect((await server.send(client, method, `/Users/${id}`)).status).toBe(404);
    expect(await made({ userName })).not.toBe(id);
  });

  it('publishes what it knows: a schema of each type, and the words for each list', async () => {
    interface Told {
      readonly id: string;
      readonly name: string;
      readonly schema: string;
      readonly attributes: readonly TypedAttribute[];
      readonly schemaExtensions?: readonly { readonly schema: string }[];
    }
    interface TypedAttribute {
      readonly name: string;
      readonly multiValued: boolean;
      readonly subAttributes?: readonly { readonly name: string; readonly canonicalValues?: [] }[];
    }
    const told = async (path: string) =>
      (await server.send(client, 'GET', path)).body.Resources as Told[];
    const [types, schemas] = [await told('/ResourceTypes'), await told('/Schemas')];
    const known = new Set(schemas.map(({ id }) => id));
    for (const { id, name, schema, schemaExtensions = [] } of types) {
      expect(id).toBe(name);
      expect(
        [schema, ...schemaExtensions.map((each) => each.schema)].every((each) => known.has(each)),
      ).toBe(true);
    }
    const lists = schemas
      .flatMap(({ attributes }) => attributes)
      .filter(({ multiValued, subAttributes }) => multiValued && subAttributes);
    expect(lists.length).toBeGreaterThan(8);
    for (const { name, subAttributes = [] } of lists) {
      const type = subAttributes.find((sub) => sub.name === 'type');
      // Ours, and without a type: its words are the issuers'.
      if (name === 'subjects') continue;
      expect([name, type?.canonicalValues?.length]).toEqual([name, expect.any(Number)]);
    }
  });

  it.each([
    ["Entra's PATCH", 'PATCH', { Operations: [{ op: 'Replace', path: 'active', value: 'False' }] }],
    ["Okta's PATCH", 'PATCH', { Operations: [{ op: 'replace', value: { active: false } }] }],
    ['a PUT without schemas', 'PUT', { userName: 'ada@example.com', active: false }],
  ])('refuses %s, and lets nobody keep access by it', async (_, method, body) => {
    const id = await made();
    const answer = await server.send(client, method, `/Users/${id}`, { body });
    expect(answer.status).toBe(400);
    expect(await server.world.generation('user', id)).toBe(2);
    expect(await server.world.holds(id as UserId)).toEqual([`scim:${client.connection}`]);
  });

  it('is as strict inside a bulk request, and with groups', async () => {
    const id = await made();
    const group = (more: object) => ({
      method: 'POST',
      path: '/Groups',
      data: { schemas: [GROUP], displayName: 'Staff', ...more },
    });
    const leave = { op: 'replace', value: { active: false } };
    const { body } = await server.send(client, 'POST', '/Bulk', {
      body: {
        Operations: [
          group({}),
          group({ colour: 'red' }),
          {
            method: 'PATCH',
            path: `/Users/${id}`,
            data: { schemas: [PATCH_OP], Operations: [leave] },
          },
        ],
      },
    });
    const statuses = body.Operations.map(({ status }: { status: string }) => status);
    expect(statuses).toEqual(['201', '400', '400']);
    expect(await server.world.holds(id as UserId)).toEqual([`scim:${client.connection}`]);
  });
});
