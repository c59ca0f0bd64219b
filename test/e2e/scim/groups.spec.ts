// P1: durable before polite. P7: organizations never meet. P9: fail closed. Groups, over HTTP.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/kernel/ids.js';
import { ScimServer, type ScimClient } from '../../support/scim-server.js';

const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

let server: ScimServer;

beforeAll(async () => {
  server = await ScimServer.open();
});

afterAll(() => server.close());

async function person(client: ScimClient, more: object = {}): Promise<string> {
  const body = { userName: `${newId()}@example.com`, ...more };
  const answer = await server.send(client, 'POST', '/Users', { body });
  expect(answer.status).toBe(201);
  return answer.body.id as string;
}

async function group(client: ScimClient, members: readonly string[], more: object = {}) {
  const body = { displayName: 'Staff', members: members.map((value) => ({ value })), ...more };
  const answer = await server.send(client, 'POST', '/Groups', { body });
  expect(answer.status).toBe(201);
  return answer.body.id as string;
}

const patch = (client: ScimClient, id: string, ...Operations: unknown[]) =>
  server.send(client, 'PATCH', `/Groups/${id}`, { body: { schemas: [PATCH_OP], Operations } });

const get = (client: ScimClient, id: string, query = '') =>
  server.send(client, 'GET', `/Groups/${id}${query}`);

const membersOf = async (client: ScimClient, id: string, query = ''): Promise<string[]> =>
  (await get(client, id, query)).body.members.map(({ value }: { value: string }) => value);

const find = async (client: ScimClient, filter: string): Promise<string[]> => {
  const { status, body } = await server.send(
    client,
    'GET',
    `/Groups?filter=${encodeURIComponent(filter)}`,
  );
  expect(status).toBe(200);
  return body.Resources.map(({ id }: { id: string }) => id);
};

describe('a group', () => {
  it('is made, told, renamed, replaced and deleted', async () => {
    const client = await server.client();
    const ada = await person(client);
    const made = await server.send(client, 'POST', '/Groups', {
      body: { schemas: [GROUP], displayName: 'Staff', externalId: 'g1', members: [{ value: ada }] },
    });
    expect(made.status).toBe(201);
    const { id } = made.body;
    expect(made.headers.get('location')).toBe(`${server.root}/Groups/${id}`);
    expect(made.headers.get('etag')).toBe('W/"1"');
    expect(made.body).toEqual({
      schemas: [GROUP],
      id,
      externalId: 'g1',
      displayName: 'Staff',
      members: [{ value: ada, $ref: `${server.root}/Users/${ada}`, type: 'User' }],
      meta: {
        resourceType: 'Group',
        created: expect.any(String),
        lastModified: made.body.meta.created,
        location: `${server.root}/Groups/${id}`,
        version: 'W/"1"',
      },
    });
    expect((await get(client, id)).body).toEqual(made.body);

    const renamed = await patch(client, id, { op: 'Replace', path: 'displayName', value: 'All' });
    expect(renamed).toMatchObject({ status: 204, text: '' });
    expect(renamed.headers.get('etag')).toBe('W/"2"');
    expect((await get(client, id)).body).toMatchObject({ displayName: 'All', externalId: 'g1' });

    const replaced = await server.send(client, 'PUT', `/Groups/${id}`, {
      body: { displayName: 'All', members: [] },
    });
    expect(replaced.status).toBe(200);
    expect(replaced.body).toMatchObject({ members: [], meta: { version: 'W/"3"' } });
    expect(replaced.body).not.toHaveProperty('externalId');

    expect((await server.send(client, 'DELETE', `/Groups/${id}`)).status).toBe(204);
    for (const method of ['GET', 'DELETE'])
      expect((await server.send(client, method, `/Groups/${id}`)).status).toBe(404);
    expect((await patch(client, id)).status).toBe(404);
    expect((await server.send(client, 'GET', '/Groups')).body.totalResults).toBe(0);
  });

  it('that is changed to what it is keeps its version, time and log', async () => {
    const client = await server.client();
    const ada = await person(client);
    const id = await group(client, [ada]);
    const before = await get(client, id);
    await patch(client, id, { op: 'add', path: 'members', value: [{ value: ada }] });
    await patch(client, id, { op: 'remove', path: `members[value eq "${newId()}"]` });
    await patch(client, id);
    await server.send(client, 'PUT', `/Groups/${id}`, { body: before.body });
    expect((await get(client, id)).body).toEqual(before.body);
    const entries = await server.world.query<{ action: string }>(
      `select action from audit.entry where organization_id = $1 and subject_type = 'group'`,
      [client.organization],
    );
    expect(entries.map(({ action }) => action)).toEqual(['group.created']);
  });

  it('belongs to its connection: everybody else finds nothing', async () => {
    const client = await server.client();
    const ada = await person(client);
    const id = await group(client, [ada]);
    const others = [
      await server.client(),
      await server.client({ organization: client.organization }),
    ];
    for (const other of others) {
      expect((await get(other, id)).status).toBe(404);
      expect((await patch(other, id, { op: 'remove', path: 'members' })).status).toBe(404);
      expect((await server.send(other, 'DELETE', `/Groups/${id}`)).status).toBe(404);
      expect(await find(other, `members.value eq "${ada}"`)).toEqual([]);
      // Of another connection's person only the value is kept.
      const theirs = await group(other, [ada]);
      expect((await get(other, theirs)).body.members).toEqual([{ value: ada }]);
    }
    expect(await membersOf(client, id)).toEqual([ada]);
  });

  it('is changed by one version only, when a request says so', async () => {
    const client = await server.client();
    const id = await group(client, []);
    const headers = { 'if-match': 'W/"1"' };
    const rename = (displayName: string) =>
      server.send(client, 'PUT', `/Groups/${id}`, { body: { displayName }, headers });
    expect((await rename('B')).status).toBe(200);
    expect((await rename('C')).status).toBe(412);
    expect((await server.send(client, 'DELETE', `/Groups/${id}`, { headers })).status).toBe(412);
    expect((await get(client, id)).body.displayName).toBe('B');
    const known = await server.send(client, 'GET', `/Groups/${id}`, {
      headers: { 'if-none-match': 'W/"2"' },
    });
    expect(known).toMatchObject({ status: 304, text: '' });
  });
});

describe('members', () => {
  it('who are not known yet are kept, and meant when they appear', async () => {
    const client = await server.client();
    const id = await group(client, ['emp-7', 'emp-8']);
    expect((await get(client, id)).body.members).toEqual([{ value: 'emp-7' }, { value: 'emp-8' }]);
    const ada = await person(client, { externalId: 'emp-7' });
    const eve = await person(client);
    await server.send(client, 'PATCH', `/Users/${eve}`, {
      body: {
        schemas: [PATCH_OP],
        Operations: [{ op: 'add', path: 'externalId', value: 'emp-8' }],
      },
    });
    expect((await get(client, id)).body.members).toEqual([
      { value: 'emp-7', type: 'User', $ref: `${server.root}/Users/${ada}` },
      { value: 'emp-8', type: 'User', $ref: `${server.root}/Users/${eve}` },
    ]);
  });

  it('leave their groups when they are deleted', async () => {
    const client = await server.client();
    const [ada, bob] = [await person(client), await person(client)];
    const id = await group(client, [ada, bob]);
    await server.send(client, 'DELETE', `/Users/${ada}`);
    expect(await membersOf(client, id)).toEqual([bob]);
    expect(await find(client, `members.value eq "${ada}"`)).toEqual([]);
  });

  it('of a large group are told only to who asks for them', async () => {
    const client = await server.client();
    const values = Array.from({ length: 1_001 }, (_, n) => `emp-${n}`);
    const id = await group(client, values);
    const whole = await get(client, id);
    expect(whole.body).not.toHaveProperty('members');
    expect(await membersOf(client, id, '?attributes=members')).toHaveLength(1_001);
    const listed = await server.send(client, 'GET', '/Groups');
    expect(listed.body.Resources[0]).not.toHaveProperty('members');
    // Who sends back what they were given empties nothing.
    await server.send(client, 'PUT', `/Groups/${id}`, { body: whole.body });
    expect(await membersOf(client, id, '?attributes=members')).toHaveLength(1_001);
    await patch(client, id, { op: 'remove', path: 'members[value eq "emp-0"]' });
    expect(await membersOf(client, id)).toHaveLength(1_000);
    const asked = await server.send(client, 'PATCH', `/Groups/${id}?attributes=displayName`, {
      body: { schemas: [PATCH_OP], Operations: [] },
    });
    expect(asked).toMatchObject({ status: 200, body: { id, displayName: 'Staff' } });
  });

  it('in numbers beyond one statement are all there, and counted', async () => {
    const client = await server.client();
    const values = Array.from({ length: 10_001 }, (_, n) => `emp-${n}`);
    const id = await group(client, values);
    const members = [...values.slice(1), 'emp-x'].map((value) => ({ value }));
    const put = await server.send(client, 'PUT', `/Groups/${id}`, {
      body: { displayName: 'Staff', members },
    });
    expect(put).toMatchObject({ status: 200, body: { meta: { version: 'W/"2"' } } });
    const now = await membersOf(client, id, '?attributes=members');
    expect([...now].sort()).toEqual(members.map(({ value }) => value).sort());
    const [entry] = await server.world.query<{ detail: object }>(
      `select convert_from(bytes, 'UTF8')::jsonb->'detail' as detail from audit.entry
        where organization_id = $1 and action = 'group.changed'`,
      [client.organization],
    );
    expect(entry?.detail).toMatchObject({ added: 1, removed: 1 });
  });

  it('are added by many at once, and nobody is lost', async () => {
    const client = await server.client();
    const id = await group(client, []);
    const people = await Promise.all(Array.from({ length: 8 }, () => person(client)));
    const answers = await Promise.all(
      people.map((value) => patch(client, id, { op: 'add', path: 'members', value: [{ value }] })),
    );
    expect(answers.map(({ status }) => status)).toEqual(people.map(() => 204));
    expect((await membersOf(client, id)).sort()).toEqual([...people].sort());
    expect((await get(client, id)).body.meta.version).toBe('W/"9"');
  });

  it.each([
    ['a member without a value', { op: 'add', path: 'members', value: [{ display: 'Ada' }] }],
    ['a number', { op: 'remove', path: 'members', value: [{ value: 7 }] }],
    ['a list in a list', { op: 'remove', path: 'members', value: [[{ value: 'x' }]] }],
    ['another filter', { op: 'remove', path: 'members[display eq "Ada"]' }],
    ['a filter that is none', { op: 'remove', path: 'members[value eq' }],
    ['a path of another language', { op: 'remove', path: '/members', value: [{ value: 'x' }] }],
    ['a path by JSONPath', { op: 'replace', path: '$.members', value: [] }],
    ['a name that is none', { op: 'replace', value: { 'group.members': [] } }],
    ['below a path that nobody knows', { op: 'replace', path: 'it', value: { members: [] } }],
    ['no operation', { op: 'delete', path: 'members' }],
    ['no value', { op: 'add', path: 'members' }],
  ])('are not changed by what cannot be read: %s', async (_, operation) => {
    const client = await server.client();
    const ada = await person(client);
    const id = await group(client, [ada]);
    // Neither is anything else of the request.
    const answer = await patch(
      client,
      id,
      { op: 'replace', path: 'displayName', value: 'B' },
      operation,
    );
    expect(answer.status).toBe(400);
    expect((await get(client, id)).body).toMatchObject({
      displayName: 'Staff',
      members: [{ value: ada }],
      meta: { version: 'W/"1"' },
    });
    const refused = await server.world.query(
      `select from audit.entry where organization_id = $1 and action = 'request.refused'`,
      [client.organization],
    );
    expect(refused).toHaveLength(1);
  });
});

describe('groups are found', () => {
  it('by name, external id, id and member, and by nothing that cannot be answered', async () => {
    const client = await server.client();
    const [ada, bob] = [await person(client), await person(client)];
    const one = await group(client, [ada], { displayName: 'Élan_1', externalId: 'X1' });
    const two = await group(client, [ada, bob], { displayName: 'Two' });
    expect(await find(client, 'displayName eq "éLAN_1"')).toEqual([one]);
    expect(await find(client, 'displayName eq "ÉlanX1"')).toEqual([]);
    expect(await find(client, 'externalId eq "X1"')).toEqual([one]);
    expect(await find(client, 'externalId eq "x1"')).toEqual([]);
    expect(await find(client, `id eq "${two}"`)).toEqual([two]);
    expect(await find(client, `members.value eq "${ada}"`)).toEqual([one, two]);
    expect(await find(client, `members eq "${ada.toUpperCase()}"`)).toEqual([one, two]);
    expect(await find(client, `members[value eq "${bob}"]`)).toEqual([two]);
    expect(await find(client, `id eq "${one}" and members[value eq "${bob}"]`)).toEqual([]);
    expect(await find(client, `not (members.value eq "${bob}")`)).toEqual([one]);
    expect(await find(client, 'displayName sw "t" and members pr')).toEqual([two]);
    expect(await find(client, 'meta.resourceType eq "Group"')).toEqual([one, two]);
    expect(await find(client, 'meta.resourceType eq "User"')).toEqual([]);
    for (const filter of [
      'userName eq "ada"',
      'members.value sw "0"',
      'members.display eq "Ada"',
      'members[value eq "a" and value eq "b"]',
      'members[value eq "a" and type eq "Group"]',
      'active eq true',
    ]) {
      const path = `/Groups?filter=${encodeURIComponent(filter)}`;
      const answer = await server.send(client, 'GET', path);
      expect(answer).toMatchObject({ status: 400, body: { scimType: 'invalidFilter' } });
    }
  });

  it('in pages, sorted, and in parts', async () => {
    const client = await server.client();
    for (const displayName of ['b', 'C', 'a']) await group(client, ['x'], { displayName });
    const names = async (query: string) =>
      (await server.send(client, 'GET', `/Groups?${query}`)).body.Resources.map(
        ({ displayName }: { displayName: string }) => displayName,
      );
    expect(await names('')).toEqual(['b', 'C', 'a']);
    expect(await names('sortBy=displayName')).toEqual(['a', 'b', 'C']);
    expect(await names('sortBy=displayName&sortOrder=descending&startIndex=2&count=1')).toEqual([
      'b',
    ]);
    const first = await server.send(client, 'GET', '/Groups?cursor&count=2&sortBy=displayName');
    expect(first.body).toMatchObject({ totalResults: 3, itemsPerPage: 2 });
    const next = encodeURIComponent(first.body.nextCursor as string);
    expect(await names(`cursor=${next}&count=2&sortBy=displayName`)).toEqual(['C']);
    // A cursor of groups is none of people.
    const astray = await server.send(
      client,
      'GET',
      `/Users?cursor=${next}&count=2&sortBy=displayName`,
    );
    expect(astray).toMatchObject({ status: 400, body: { scimType: 'invalidCursor' } });
    const { body } = await server.send(client, 'GET', '/Groups?excludedAttributes=members,meta');
    expect(Object.keys(body.Resources[0] as object)).toEqual(['schemas', 'id', 'displayName']);
    const only = await server.send(client, 'GET', '/Groups?attributes=members.value&count=1');
    expect(Object.keys(only.body.Resources[0] as object)).toEqual(['schemas', 'id', 'members']);
  });

  it('from the root, behind the people', async () => {
    const client = await server.client();
    const ada = await person(client, { displayName: 'Same', externalId: 'e' });
    const id = await group(client, [ada], { displayName: 'Same' });
    const search = async (body: object) => server.send(client, 'POST', '/.search', { body });
    const ids = async (body: object) =>
      (await search(body)).body.Resources.map((each: { id: string }) => each.id);
    expect(await ids({})).toEqual([ada, id]);
    expect(await ids({ startIndex: 2, count: 1 })).toEqual([id]);
    expect(await ids({ filter: 'displayName eq "same"' })).toEqual([ada, id]);
    expect(await ids({ filter: 'meta.resourceType eq "Group"' })).toEqual([id]);
    expect(await ids({ filter: `members.value eq "${ada}" or externalId eq "e"` })).toEqual([
      ada,
      id,
    ]);
    expect(await ids({ filter: 'userName pr' })).toEqual([ada]);
    expect(await ids({ filter: 'userName ne "x" and externalId eq null' })).toEqual([id]);
    expect((await search({ filter: 'nothing eq "x"' })).status).toBe(400);
    const seen: string[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const { body }: { body: { Resources: { id: string }[]; nextCursor?: string } } = await search(
        { cursor, count: 1 },
      );
      expect(body.Resources).toHaveLength(1);
      seen.push(body.Resources[0]!.id);
      cursor = body.nextCursor;
    }
    expect(seen).toEqual([ada, id]);
    const groups = await server.send(client, 'POST', '/Groups/.search', { body: { count: 0 } });
    expect(groups.body).toMatchObject({ totalResults: 1, Resources: [] });
  });
});

it('a change that stands is never answered 503 because its members could not be read afterwards', async () => {
  const client = await server.client();
  const ada = await person(client);
  server.breaks.losesReads = true;
  try {
    const body = { schemas: [GROUP], displayName: 'Staff', members: [{ value: ada }] };
    const created = await server.send(client, 'POST', '/Groups', { body });
    const path = `/Groups/${created.body.id}`;
    const replaced = await server.send(client, 'PUT', path, { body });
    const Operations = [{ op: 'replace', path: 'displayName', value: 'Crew' }];
    const patched = await server.send(client, 'PATCH', `${path}?attributes=members`, {
      body: { schemas: [PATCH_OP], Operations },
    });
    expect((await server.send(client, 'GET', path)).status).toBe(503);
    const answers = [created, replaced, patched];
    expect(answers.map(({ status }) => status)).toEqual([201, 200, 200]);
    for (const answer of answers) expect(answer.body.members).toMatchObject([{ value: ada }]);
  } finally {
    server.breaks.losesReads = false;
  }
});

it('what is advertised of groups is there', async () => {
  const client = await server.client();
  const types = await server.send(client, 'GET', '/ResourceTypes');
  expect(types.body.Resources.map(({ id }: { id: string }) => id)).toEqual(['User', 'Group']);
  const { body } = await server.send(client, 'GET', '/ResourceTypes/group');
  expect(body).toMatchObject({ endpoint: '/Groups', schema: GROUP });
  const schema = await server.send(client, 'GET', `/Schemas/${GROUP}`);
  expect(schema.body.attributes.map(({ name }: { name: string }) => name)).toEqual([
    'displayName',
    'members',
  ]);
  expect((await server.send(client, 'PATCH', '/Groups')).status).toBe(405);
});

describe('the groups of a person', () => {
  const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';

  const user = (client: ScimClient, id: string, query = '?attributes=groups') =>
    server.send(client, 'GET', `/Users/${id}${query}`);

  const findPeople = async (client: ScimClient, filter: string): Promise<string[]> => {
    const path = `/Users?filter=${encodeURIComponent(filter)}`;
    const { status, body } = await server.send(client, 'GET', path);
    expect({ status, filter }).toEqual({ status: 200, filter });
    return body.Resources.map(({ id }: { id: string }) => id);
  };

  it('are told to whoever asks for them by name, each once and of this connection alone', async () => {
    const client = await server.client();
    const ada = await person(client, { externalId: 'ada' });
    const twice = await group(client, [ada, 'ada']);
    const other = await group(client, [ada], { displayName: 'All' });
    const left = await group(client, [ada]);
    await patch(client, left, { op: 'remove', path: `members[value eq "${ada}"]` });
    const deleted = await group(client, [ada]);
    await server.send(client, 'DELETE', `/Groups/${deleted}`);
    const elsewhere = await server.client({ organization: client.organization });
    await group(elsewhere, [ada]);

    const told = (id: string, display: string) => ({
      value: id,
      $ref: `${server.root}/Groups/${id}`,
      display,
      type: 'direct',
    });
    const groups = [told(twice, 'Staff'), told(other, 'All')].toSorted((a, b) =>
      a.value.localeCompare(b.value),
    );
    expect((await user(client, ada)).body).toEqual({ schemas: [USER], id: ada, groups });
    const one = await user(client, ada, `?attributes=userName,${USER}:groups.display`);
    expect(one.body.groups).toEqual(groups.map(({ display }) => ({ display })));
    for (const query of ['', '?excludedAttributes=title', `?attributes=userName`])
      expect((await user(client, ada, query)).body).not.toHaveProperty('groups');
    const listed = await server.send(client, 'GET', '/Users?attributes=groups&count=1000');
    expect(listed.body.Resources).toEqual([{ schemas: [USER], id: ada, groups }]);
    const searched = await server.send(client, 'POST', '/.search', {
      body: { attributes: ['groups'], filter: 'userName pr' },
    });
    expect(searched.body.Resources).toEqual([{ schemas: [USER], id: ada, groups }]);
    const nobody = await person(client);
    expect((await user(client, nobody)).body.groups).toEqual([]);
  });

  it('answer a change that asks for them, and leave version and time of the person', async () => {
    const client = await server.client();
    const id = await group(client, ['later']);
    const made = await server.send(client, 'POST', '/Users?attributes=groups,meta', {
      body: { userName: `${newId()}@example.com`, externalId: 'later' },
    });
    expect(made.body.groups).toMatchObject([{ value: id }]);
    const version = made.headers.get('etag')!;
    await patch(client, id, { op: 'remove', path: 'members' });
    const after = await server.send(
      client,
      'GET',
      `/Users/${made.body.id}?attributes=groups,meta`,
      {
        headers: { 'if-none-match': version },
      },
    );
    // A version speaks of the person alone: to who asks for groups it is never an answer.
    expect(after).toMatchObject({ status: 200, body: { groups: [], meta: made.body.meta } });
    const known = await server.send(client, 'GET', `/Users/${made.body.id}`, {
      headers: { 'if-none-match': version },
    });
    expect(known.status).toBe(304);
    const changed = await server.send(client, 'PATCH', `/Users/${made.body.id}?attributes=groups`, {
      body: {
        schemas: [PATCH_OP],
        Operations: [{ op: 'replace', value: { active: false, groups: [{ value: id }] } }],
      },
    });
    expect(changed).toMatchObject({ status: 200, body: { groups: [] } });
  });

  it('are left out of the answer to a change when there are many: it waits for no more', async () => {
    const client = await server.client();
    const ada = await person(client);
    await server.world.query(
      `with g as (insert into groups (id, organization_id, connection_id, display_name, display_name_key, version, created_at, changed_at)
                  select gen_random_uuid(), $1, $2, 'Many', 'many', 1, now(), now() from generate_series(1, 1001) returning id)
       insert into group_members (organization_id, group_id, value, resource_id, user_id, added_at)
       select $1, g.id, r.id::text, r.id, r.user_id, now() from g, resources r where r.id = $3`,
      [client.organization, client.connection, ada],
    );
    const gone = await server.send(client, 'PATCH', `/Users/${ada}?attributes=groups,active`, {
      body: {
        schemas: [PATCH_OP],
        Operations: [{ op: 'replace', value: { active: false } }],
      },
    });
    expect(gone).toMatchObject({ status: 200, body: { active: false } });
    expect(gone.body).not.toHaveProperty('groups');
    expect((await user(client, ada)).body.groups).toHaveLength(1_001);
  });

  it('cannot be read: then a change that asks for them is not made', async () => {
    const client = await server.client();
    const userName = `${newId()}@example.com`;
    const asked = new Promise<void>((resolve) => {
      server.wire.watch((request, wire) => {
        if (!request.includes('directory.groups_of_people')) return;
        wire.silence('requests');
        resolve();
      });
    });
    const lost = server.send(client, 'POST', '/Users?attributes=groups', { body: { userName } });
    await asked;
    server.wire.reset();
    server.wire.heal();
    expect((await lost).status).toBe(503);
    expect(await findPeople(client, `userName eq "${userName}"`)).toEqual([]);
  });

  it('are what people are found by', async () => {
    const client = await server.client();
    const [ada, bob, cleo] = [await person(client), await person(client), await person(client)];
    const staff = await group(client, [ada, bob], { displayName: 'Staff_1' });
    await group(client, [bob], { displayName: 'Engines' });
    const elsewhere = await server.client({ organization: client.organization });
    await group(elsewhere, [cleo], { displayName: 'Staff_1' });
    const all = [ada, bob, cleo];
    for (const [filter, found] of [
      [`groups.value eq "${staff}"`, [ada, bob]],
      [`groups eq "${staff}"`, [ada, bob]],
      [`groups.value eq "${staff.toUpperCase()}"`, []],
      ['groups.value eq "nothing"', []],
      [`groups[value eq "${staff}" and display sw "staff_"]`, [ada, bob]],
      [`groups[display eq "Engines" or display eq "x"].value eq "${staff}"`, []],
      ['groups.display eq "STAFF_1"', [ada, bob]],
      ['groups.display eq "Staff%1"', []],
      ['groups.display co "ngi"', [bob]],
      ['groups.display ne "Staff_1"', [bob]],
      ['groups.type eq "direct"', [ada, bob]],
      ['groups.type eq "indirect"', []],
      ['groups pr', [ada, bob]],
      ['groups eq null', [cleo]],
      [`not (groups.value eq "${staff}")`, [cleo]],
      [`id eq "${ada}" and groups.value eq "${staff}"`, [ada]],
      [`${USER}:groups.display eq "Engines" or id eq "${cleo}"`, [bob, cleo]],
    ] as const)
      expect({ filter, found: await findPeople(client, filter) }).toEqual({
        filter,
        found: all.filter((id) => (found as readonly string[]).includes(id)),
      });
    const everywhere = await server.send(client, 'POST', '/.search', {
      body: { filter: 'groups.display eq "Engines"' },
    });
    expect(everywhere.body.Resources.map(({ id }: { id: string }) => id)).toEqual([bob]);
  });
});

describe('a group in a group', () => {
  const inner = (id: string) => ({
    value: id,
    $ref: `${server.root}/Groups/${id}`,
    type: 'Group',
  });

  it('is told as a group while it is there, and as a name when it is deleted', async () => {
    const client = await server.client();
    const ada = await person(client);
    const team = await group(client, [ada], { displayName: 'Team' });
    const all = await group(client, [], { displayName: 'All' });
    const added = await patch(client, all, {
      op: 'add',
      path: 'members',
      value: [{ $ref: `${server.root}/Groups/${team}` }, { value: ada, type: 'User' }],
    });
    expect(added.status).toBe(204);
    const told = (await get(client, all)).body.members;
    expect(told).toHaveLength(2);
    expect(told).toContainEqual(inner(team));
    expect(await find(client, `members.value eq "${team}"`)).toEqual([all]);
    const again = await server.send(client, 'PUT', `/Groups/${all}`, {
      body: (await get(client, all)).body,
    });
    expect(again.body.meta.version).toBe('W/"2"');
    await server.send(client, 'DELETE', `/Groups/${team}`);
    expect((await get(client, all)).body.members).toContainEqual({ value: team });
    await patch(client, all, {
      op: 'remove',
      path: `members[type eq "Group" and value eq "${team}"]`,
    });
    expect(await membersOf(client, all)).toEqual([ada]);
  });

  it('that is said to be a person is told as the group that it is', async () => {
    const client = await server.client();
    const team = await group(client, []);
    const all = await group(client, []);
    const said = { value: team, type: 'User', $ref: `${server.root}/Users/${team}` };
    await patch(client, all, { op: 'add', path: 'members', value: [said] });
    expect((await get(client, all)).body.members).toEqual([inner(team)]);
  });

  it('of another connection is a name', async () => {
    const client = await server.client();
    const other = await server.client({ organization: client.organization });
    const team = await group(other, []);
    const all = await group(client, [team]);
    expect((await get(client, all)).body.members).toEqual([{ value: team }]);
  });

  it('gives its people no place in the outer one, also in a circle', async () => {
    const client = await server.client();
    const ada = await person(client);
    const made = await server.send(client, 'POST', '/Bulk', {
      body: {
        Operations: ['a', 'b'].map((bulkId, i) => ({
          ...{ method: 'POST', path: '/Groups', bulkId },
          data: {
            displayName: bulkId,
            members: [{ value: `bulkId:${'ba'[i]}`, type: 'Group' }],
          },
        })),
      },
    });
    const [a, b] = made.body.Operations.map(({ location }: { location: string }) =>
      location.split('/').at(-1)!,
    ) as [string, string];
    await patch(client, a, { op: 'add', path: 'members', value: [{ value: a }, { value: ada }] });
    expect((await get(client, b)).body.members).toEqual([inner(a)]);
    expect((await get(client, a)).body.members).toEqual(
      expect.arrayContaining([inner(a), inner(b)]),
    );
    const groups = await server.send(client, 'GET', `/Users/${ada}?attributes=groups.value`);
    expect(groups.body.groups).toEqual([{ value: a }]);
    for (const id of [a, b])
      expect((await server.send(client, 'DELETE', `/Groups/${id}`)).status).toBe(204);
  });
});
