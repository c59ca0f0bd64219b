// P1: durable before polite. P6: trouble of ours is a 5xx. P7: organizations never meet. P9: fail closed.
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ACCESS_EVENTS } from '../../../src/contract/access-event.js';
import { SCIM_EVENTS } from '../../../src/contract/security-event.js';
import { newId, type UserId } from '../../../src/kernel/ids.js';
import { GROUP_SCHEMA } from '../../../src/scim/read/group-schema.js';
import { SCHEMAS } from '../../../src/scim/read/user-schema.js';
import type { Attribute } from '../../../src/scim/read/schema.js';
import { ScimServer, type ScimClient } from '../../support/scim-server.js';
import { toldOtherwise } from '../../support/told.js';

const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

let server: ScimServer;

beforeAll(async () => {
  server = await ScimServer.open();
});

afterAll(() => server.close());

async function made(client: ScimClient, body: object): Promise<string> {
  const answer = await server.send(client, 'POST', '/Users', { body });
  expect(answer.status).toBe(201);
  return answer.body.id as string;
}

const patch = (client: ScimClient, id: string, ...Operations: unknown[]) =>
  server.send(client, 'PATCH', `/Users/${id}`, {
    body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'], Operations },
  });

const search = (client: ScimClient, filter: string, more = '') =>
  server.send(client, 'GET', `/Users?filter=${encodeURIComponent(filter)}${more}`);

const namesOf = (body: { Resources: { userName: string }[] }) =>
  body.Resources.map(({ userName }) => userName);

const count = async (table: string, client: ScimClient): Promise<number> => {
  const [row] = await server.world.query<{ n: number }>(
    `select count(*)::int as n from ${table} where organization_id = $1`,
    [client.organization],
  );
  return row!.n;
};

describe('what issuers of tokens call a person', () => {
  const OURS = 'urn:ietf:params:scim:schemas:extension:offswitch:2.0:User';
  const issuer = 'https://idp.example';

  it('is an extension of ours, that discovery names and a path with a filter reaches', async () => {
    const client = await server.client();
    const { body: types } = await server.send(client, 'GET', '/ResourceTypes/User');
    expect(types.schemaExtensions).toContainEqual({ schema: OURS, required: false });
    const { body: schema } = await server.send(client, 'GET', `/Schemas/${OURS}`);
    expect(schema.attributes).toMatchObject([{ name: 'subjects', uniqueness: 'server' }]);
    const id = await made(client, {
      userName: newId(),
      [OURS]: { subjects: [{ issuer, value: 'first' }] },
    });
    const path = `${OURS}:subjects[issuer eq "${issuer}"].value`;
    const changed = await patch(client, id, { op: 'replace', path, value: 'second' });
    expect(changed.status).toBe(200);
    const { body } = await server.send(client, 'GET', `/Users/${id}`);
    expect(body).toMatchObject({ [OURS]: { subjects: [{ issuer, value: 'second' }] } });
    expect(body.schemas).toContain(OURS);
    const found = await search(client, `${OURS}:subjects.value eq "second"`);
    expect(found.body.totalResults).toBe(1);
  });

  it('belongs to one person: 409 for the next, whose deactivation in that request is done', async () => {
    const client = await server.client();
    const subjects = [{ issuer, value: newId() }];
    await made(client, { userName: newId(), [OURS]: { subjects } });
    const id = await made(client, { userName: newId() });
    const refused = await patch(client, id, {
      op: 'replace',
      value: { active: false, [OURS]: { subjects } },
    });
    expect(refused).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
    const [held] = await server.world.query<{ holds: object }>(
      `select holds from subject_generations where scope = 'user' and subject_id = $1`,
      [id],
    );
    expect(Object.keys(held!.holds)).toEqual([`scim:${client.connection}`]);
  });

  it.each([[{ issuer, value: 'two words' }], [{ value: 'x' }], [{ issuer: 'a b', value: 'x' }]])(
    'is refused where nobody could be found by it: %j',
    async (subject) => {
      const client = await server.client();
      const body = { userName: newId(), [OURS]: { subjects: [subject] } };
      const answer = await server.send(client, 'POST', '/Users', { body });
      expect(answer).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
    },
  );
});

describe('the six mistakes of others', () => {
  it('a connection that was removed is told so, and never 200', async () => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada' });
    await server.world.query('update connections set removed_at = now() where id = $1', [
      client.connection,
    ]);
    for (const [method, path] of [
      ['GET', '/Users'],
      ['PATCH', `/Users/${id}`],
      ['DELETE', `/Users/${id}`],
    ] as const) {
      const answer = await server.send(
        client,
        method,
        path,
        method === 'PATCH' ? { body: {} } : {},
      );
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
      expect(answer.body).toMatchObject({ schemas: [ERROR], status: '401' });
    }
  });

  it('organizations at the same moment do not cross', async () => {
    const clients = await Promise.all(Array.from({ length: 8 }, () => server.client()));
    const ids = await Promise.all(
      clients.flatMap((client, n) =>
        Array.from({ length: 5 }, (_, m) =>
          made(client, { userName: `p${m}`, externalId: `org-${n}` }),
        ),
      ),
    );
    expect(new Set(ids).size).toBe(40);
    await Promise.all(
      clients.map(async (client, n) => {
        const { body } = await server.send(client, 'GET', '/Users');
        expect(body.totalResults).toBe(5);
        for (const each of body.Resources) expect(each.externalId).toBe(`org-${n}`);
      }),
    );
  });

  it('everything is committed before the answer', async () => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada' });
    const device = await server.world.device(client.organization);
    await server.world.token(client.organization, id as UserId, device);
    const answer = await patch(client, id, { op: 'replace', path: 'active', value: false });
    // Asked at once, on another connection: nothing is still under way.
    const [token] = await server.world.query(
      'select revoked_at from device_tokens where user_id = $1',
      [id],
    );
    expect(answer.status).toBe(200);
    expect(token).toMatchObject({ revoked_at: expect.any(Date) });
    expect(await count('cases', client)).toBe(1);
    expect(await count('outbox', client)).toBe(1);
  });

  it('a deletion and its revocation are one: all of it, or none', async () => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada' });
    await server.world.query(
      `create function refuse() returns trigger language plpgsql as $$ begin raise exception 'disk full' using errcode = '53100'; end $$`,
    );
    await server.world.query(
      `create trigger refuse before insert on outbox for each row execute function refuse()`,
    );
    try {
      const failed = await server.send(client, 'DELETE', `/Users/${id}`);
      expect(failed.status).toBe(503);
      expect(Number(failed.headers.get('retry-after'))).toBeGreaterThan(0);
    } finally {
      await server.world.query('drop trigger refuse on outbox');
    }
    expect((await server.send(client, 'GET', `/Users/${id}`)).status).toBe(200);
    expect(await server.world.generation('user', id)).toBe(1);
    expect((await server.send(client, 'DELETE', `/Users/${id}`)).status).toBe(204);
    expect(await server.world.generation('user', id)).toBe(2);
    expect(await count('outbox', client)).toBe(1);
  });

  it('the op is read, and the string "False" is false', async () => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada', title: 'Countess' });
    const removed = await patch(client, id, { op: 'Remove', path: 'title', value: 'Duchess' });
    expect(removed.body).not.toHaveProperty('title');
    const gone = await patch(client, id, { op: 'Replace', path: 'active', value: 'False' });
    expect(gone.body.active).toBe(false);
  });

  it('errors carry their status as text, a deletion has no body, and a filter is parsed', async () => {
    const client = await server.client();
    const id = await made(client, { userName: 'x eq y' });
    const missing = await server.send(client, 'GET', `/Users/${newId()}`);
    expect(missing.body).toEqual({ schemas: [ERROR], status: '404', detail: expect.any(String) });
    expect((await search(client, 'userName eq "x eq y"')).body.totalResults).toBe(1);
    const deleted = await server.send(client, 'DELETE', `/Users/${id}`);
    expect(deleted).toMatchObject({ status: 204, text: '' });
  });
});

describe('people', () => {
  it('are made, read, replaced, changed and deleted', async () => {
    const client = await server.client();
    const created = await server.send(client, 'POST', '/Users', {
      body: { userName: 'Ada@Example.com', password: 'not-a-real-password' },
    });
    const { id } = created.body as { id: string };
    expect(created.status).toBe(201);
    expect(created.headers.get('content-type')).toBe('application/scim+json; charset=utf-8');
    expect(created.headers.get('location')).toBe(`${server.root}/Users/${id}`);
    expect(created.headers.get('etag')).toBe('W/"1"');
    expect(created.body).toEqual({
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      id,
      userName: 'Ada@Example.com',
      active: true,
      meta: {
        resourceType: 'User',
        created: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
        lastModified: created.body.meta.created,
        location: `${server.root}/Users/${id}`,
        version: 'W/"1"',
      },
    });
    expect((await server.send(client, 'GET', `/Users/${id}`)).body).toEqual(created.body);

    const replaced = await server.send(client, 'PUT', `/Users/${id}`, {
      body: { ...created.body, title: 'Countess' },
    });
    expect(replaced).toMatchObject({
      status: 200,
      body: { title: 'Countess', meta: { version: 'W/"2"' } },
    });
    expect(replaced.headers.get('etag')).toBe('W/"2"');
    expect(replaced.headers.get('content-type')).toBe('application/scim+json; charset=utf-8');

    const changed = await patch(client, id, { op: 'remove', path: 'title' });
    expect(changed).toMatchObject({ status: 200, body: { meta: { version: 'W/"3"' } } });
    expect(changed.body).not.toHaveProperty('title');

    expect((await server.send(client, 'DELETE', `/Users/${id}`)).status).toBe(204);
    for (const method of ['GET', 'PUT', 'PATCH', 'DELETE'])
      expect(
        await server.send(
          client,
          method,
          `/Users/${id}`,
          method === 'PUT' || method === 'PATCH'
            ? { body: { Operations: [], userName: 'ada' } }
            : {},
        ),
      ).toMatchObject({ status: 404, body: { schemas: [ERROR], status: '404' } });
  });

  it('stay as they are when nothing changes', async () => {
    const client = await server.client();
    const id = await made(client, {
      userName: 'ada',
      emails: [{ value: 'a@x', type: 'work' }],
      [ENTERPRISE]: { department: 'Engines' },
    });
    const before = await server.send(client, 'GET', `/Users/${id}`);
    const put = await server.send(client, 'PUT', `/Users/${id}`, { body: before.body });
    const patched = await patch(
      client,
      id,
      { op: 'add', path: 'emails', value: [{ type: 'work', value: 'a@x' }] },
      { op: 'replace', value: { active: true } },
    );
    expect(put.body).toEqual(before.body);
    expect(patched.body).toEqual(before.body);
  });

  it('have a name that is free again once they are deleted, and not before, in any case of letters', async () => {
    const client = await server.client();
    const first = await made(client, { userName: 'Émile@example.com' });
    const taken = await server.send(client, 'POST', '/Users', {
      body: { userName: 'éMILE@EXAMPLE.COM' },
    });
    expect(taken).toMatchObject({
      status: 409,
      body: { schemas: [ERROR], status: '409', scimType: 'uniqueness' },
    });
    const other = await made(client, { userName: 'other' });
    const renamed = await patch(
      client,
      other,
      { op: 'replace', path: 'userName', value: 'émile@example.com' },
      { op: 'replace', path: 'active', value: false },
    );
    expect(renamed).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
    // The rename failed; the deactivation beside it did not.
    expect(await server.world.generation('user', other)).toBe(2);
    await server.send(client, 'DELETE', `/Users/${first}`);
    const again = await server.send(client, 'POST', '/Users', {
      body: { userName: 'émile@example.com' },
    });
    expect(again.status).toBe(201);
    expect(again.body.id).not.toBe(first);
    expect((await search(client, 'userName eq "ÉMILE@example.com"')).body.totalResults).toBe(1);
  });

  it('of another connection or organization are nobody', async () => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada', externalId: '7', emails: [{ value: 'a@x' }] });
    const neighbours = [
      await server.client({ organization: client.organization, link: 'none' }),
      await server.client(),
    ];
    for (const stranger of neighbours) {
      for (const [method, body] of [
        ['GET'],
        ['PUT', { userName: 'x', active: false }],
        ['PATCH', { Operations: [{ op: 'replace', value: { active: false } }] }],
        ['DELETE'],
      ] as const)
        expect(
          (await server.send(stranger, method, `/Users/${id}`, body === undefined ? {} : { body }))
            .status,
        ).toBe(404);
      for (const filter of [
        `id eq "${id}"`,
        'userName eq "ada"',
        'externalId eq "7"',
        'emails.value eq "a@x"',
      ])
        expect((await search(stranger, filter)).body.totalResults).toBe(0);
      expect((await server.send(stranger, 'GET', '/Users')).body.totalResults).toBe(0);
    }
    expect(await server.world.generation('user', id)).toBe(1);
    expect((await server.send(client, 'GET', `/Users/${id}`)).body.active).toBe(true);
  });

  it('keep every attribute that the schemas advertise', async () => {
    const client = await server.client();
    const scalar = ({ name, type }: Attribute) => (type === 'boolean' ? true : `${name} of Ada`);
    const valueOf = (attribute: Attribute): unknown => {
      if (attribute.subAttributes === undefined) return scalar(attribute);
      const parts = attribute.subAttributes.filter(({ mutability }) => mutability === 'readWrite');
      const element = Object.fromEntries(parts.map((part) => [part.name, scalar(part)]));
      return attribute.multiValued ? [element] : element;
    };
    const [core, extension] = await Promise.all(
      SCHEMAS.map(async ({ id }) => {
        const { body } = await server.send(client, 'GET', `/Schemas/${id}`);
        return Object.fromEntries(
          (body.attributes as Attribute[])
            .filter(({ mutability }) => mutability !== 'readOnly')
            .map((each) => [each.name, valueOf(each)]),
        );
      }),
    );
    const body = { ...core, externalId: 'x', [ENTERPRISE]: extension };
    const id = await made(client, body);
    expect((await server.send(client, 'GET', `/Users/${id}`)).body).toMatchObject(body);
  });
});

describe('filters are equalities', () => {
  const awkward = [
    'a_b@x',
    'axb@x',
    'a%b@x',
    '%',
    '_',
    '\\',
    'a\\b',
    'a\\\\b',
    '"',
    'a"b',
    "'",
    "';--",
    '$1',
    'a+b@x',
    'ä',
    'ａ',
    'é',
    'e\u0301',
    ' lead',
    '😀',
    '{1,2}',
    '(a)',
    '*',
  ];
  let client: ScimClient;

  beforeAll(async () => {
    client = await server.client();
    for (const value of awkward)
      await made(client, {
        userName: value,
        externalId: value,
        emails: [
          { value, type: 'work' },
          { value: 'shared@x', type: 'home' },
        ],
      });
  });

  it.each(awkward)('%j finds itself only', async (value) => {
    const quoted = JSON.stringify(value);
    for (const filter of [
      `userName eq ${quoted}`,
      `externalId eq ${quoted}`,
      `emails.value eq ${quoted}`,
      `emails[type eq "work"].value eq ${quoted}`,
      `emails[value eq ${quoted}] and userName eq ${quoted}`,
    ]) {
      const { status, body } = await search(client, filter);
      expect([filter, status, namesOf(body)]).toEqual([filter, 200, [value]]);
    }
  });

  it('knows which attributes have case', async () => {
    const own = await server.client();
    const id = await made(own, {
      userName: 'Ada',
      externalId: 'Abc',
      emails: [{ value: 'Ada@X', type: 'Work' }],
    });
    const totals = await Promise.all(
      [
        'userName eq "aDA"',
        'emails.value eq "aDA@x"',
        'emails[TYPE eq "wORK"].VALUE eq "aDA@x"',
        'externalId eq "abc"',
        `id eq "${id.toUpperCase()}"`,
        `id eq "${id}"`,
        `id eq "${id}" and userName eq "grace"`,
        'userName eq "ada" and userName eq "ADA"',
        'userName eq "ada" and userName eq "grace"',
      ].map(async (filter) => [filter, (await search(own, filter)).body.totalResults as number]),
    );
    expect(totals.map(([, total]) => total)).toEqual([
      1,
      1,
      1,
      0,
      /[a-f]/.test(id) ? 0 : 1,
      1,
      0,
      1,
      0,
    ]);
  });

  it('an e-mail and its type stand in one element', async () => {
    expect(
      (await search(client, 'emails[type eq "work"].value eq "shared@x"')).body.totalResults,
    ).toBe(0);
    expect(
      (await search(client, 'emails[type eq "home"].value eq "shared@x"')).body.totalResults,
    ).toBe(awkward.length);
  });

  it('what cannot be answered is a 400, never everyone', async () => {
    for (const filter of [
      'userName sw ""',
      'not (userName sw "")',
      'password eq "x"',
      'userName eq "a" or x eq "b"',
      'active gt true',
      'x',
      '',
    ]) {
      const answer = await search(client, filter);
      expect(answer).toMatchObject({
        status: 400,
        body: { schemas: [ERROR], status: '400', scimType: 'invalidFilter' },
      });
    }
  });

  it.each(awkward)('%j is searched for as it is written', async (value) => {
    const wanted = value.toLowerCase();
    const meets = {
      co: (name: string) => name.includes(wanted),
      sw: (name: string) => name.startsWith(wanted),
      ew: (name: string) => name.endsWith(wanted),
    };
    for (const [operator, isMeant] of Object.entries(meets))
      for (const name of ['userName', 'externalId', 'emails.value']) {
        const { body } = await search(client, `${name} ${operator} ${JSON.stringify(value)}`);
        expect([name, operator, namesOf(body)]).toEqual([name, operator, awkward.filter(isMeant)]);
      }
  });

  it('a refusal says where', async () => {
    const { body } = await search(client, 'userName eq "ada" and shoeSize eq 43');
    expect(body.detail).toContain('position 23');
  });

  it('managers are found by their id', async () => {
    const own = await server.client();
    const id = await made(own, { userName: 'ada', [ENTERPRISE]: { manager: { value: 'M-1' } } });
    expect((await search(own, `id eq "${id}" and manager eq "m-1"`)).body.totalResults).toBe(1);
    expect(
      (await search(own, `id eq "${id}" and ${ENTERPRISE}:manager.value eq "m-2"`)).body
        .totalResults,
    ).toBe(0);
  });
});

describe('pages', () => {
  let client: ScimClient;
  const everyone = Array.from({ length: 7 }, (_, n) => `p${n}`);

  beforeAll(async () => {
    client = await server.client();
    for (const userName of everyone) await made(client, { userName, emails: [{ value: 'all@x' }] });
  });

  it.each([
    ['', everyone, 1],
    ['startIndex=1&count=3', everyone.slice(0, 3), 1],
    ['startIndex=4&count=3', everyone.slice(3, 6), 4],
    ['startIndex=7&count=3', everyone.slice(6), 7],
    ['startIndex=8&count=3', [], 8],
    ['startIndex=0&count=2', everyone.slice(0, 2), 1],
    ['startIndex=-5&count=2', everyone.slice(0, 2), 1],
    ['count=0', [], 1],
    ['count=-1', [], 1],
    ['count=99999999999999999999', everyone, 1],
    ['startIndex=99999999999999999999', [], 2_147_483_647],
    ['aadOptscim062020', everyone, 1],
    ['sortBy=userName&nonsense=1', everyone, 1],
    ['filter=emails.value%20eq%20%22all%40x%22&startIndex=6', everyone.slice(5), 6],
  ])('%s', async (query, names, startIndex) => {
    const { status, body } = await server.send(client, 'GET', `/Users?${query}`);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:ListResponse'],
      totalResults: 7,
      startIndex,
      itemsPerPage: names.length,
    });
    expect(namesOf(body)).toEqual(names);
  });

  it.each(['startIndex=x', 'count=1.5', 'count=', 'count=1&count=2'])(
    'refuses %s',
    async (query) => {
      expect(await server.send(client, 'GET', `/Users?${query}`)).toMatchObject({
        status: 400,
        body: { scimType: 'invalidValue' },
      });
    },
  );

  it('do not count the deleted', async () => {
    const own = await server.client();
    const [first] = [await made(own, { userName: 'a' }), await made(own, { userName: 'b' })];
    await server.send(own, 'DELETE', `/Users/${first}`);
    const { body } = await server.send(own, 'GET', '/Users');
    expect([body.totalResults, namesOf(body)]).toEqual([1, ['b']]);
  });
});

describe('projections', () => {
  it.each([
    ['attributes=userName', ['schemas', 'id', 'userName']],
    ['attributes=USERNAME,name.givenName', ['schemas', 'id', 'userName', 'name']],
    [
      'attributes=urn:ietf:params:scim:schemas:core:2.0:User:userName',
      ['schemas', 'id', 'userName'],
    ],
    [`attributes=${ENTERPRISE}:department`, ['schemas', 'id', ENTERPRISE]],
    [`attributes=${ENTERPRISE}`, ['schemas', 'id', ENTERPRISE]],
    ['attributes=meta.version,nothing', ['schemas', 'id', 'meta']],
    [
      'attributes=nothing',
      [
        'schemas',
        'id',
        'externalId',
        'userName',
        'name',
        'active',
        'emails',
        ENTERPRISE,
        'meta',
      ].slice(0, 2),
    ],
    [
      'excludedAttributes=meta,emails,id,schemas',
      ['schemas', 'id', 'externalId', 'userName', 'name', 'active', ENTERPRISE],
    ],
    [
      `excludedAttributes=${ENTERPRISE},name,meta,externalId,active`,
      ['schemas', 'id', 'userName', 'emails'],
    ],
  ])('%s', async (query, members) => {
    const client = await server.client();
    const body = {
      userName: 'ada',
      externalId: 'x',
      name: { givenName: 'Ada', familyName: 'King' },
      emails: [{ value: 'a@x', type: 'work' }],
      [ENTERPRISE]: { department: 'Engines', division: 'Notes' },
    };
    const created = await server.send(client, 'POST', `/Users?${query}`, { body });
    const listed = await server.send(client, 'GET', `/Users?${query}`);
    expect(Object.keys(created.body)).toEqual(members);
    expect(listed.body.Resources).toEqual([created.body]);
    const { name, [ENTERPRISE]: extension, meta } = created.body;
    if (query.includes('givenName')) expect(name).toEqual({ givenName: 'Ada' });
    if (query.includes('department')) expect(extension).toEqual({ department: 'Engines' });
    if (query.includes('version')) expect(meta).toEqual({ version: 'W/"1"' });
  });

  it.each<[string, object]>([
    [`attributes=${ENTERPRISE}:manager.value`, { [ENTERPRISE]: { manager: { value: 'm' } } }],
    [
      `attributes=${ENTERPRISE.toUpperCase()}:MANAGER.$REF,NAME`,
      { name: { givenName: 'Ada' }, [ENTERPRISE]: { manager: { $ref: '../Users/m' } } },
    ],
    [
      `excludedAttributes=meta,userName,active,name.givenName,emails.type,${ENTERPRISE}:manager.value,${ENTERPRISE}:division`,
      { emails: [{ value: 'a@x' }], [ENTERPRISE]: { manager: { $ref: '../Users/m' } } },
    ],
    ['attributes=name.middleName,emails.display', {}],
    [
      'attributes=urn:ietf:params:scim:schemas:core:2.0:User:emails.type',
      { emails: [{ type: 'work' }] },
    ],
  ])('reach into parts: %s', async (query, expected) => {
    const client = await server.client();
    await made(client, {
      userName: 'ada',
      name: { givenName: 'Ada' },
      emails: [{ value: 'a@x', type: 'work' }],
      [ENTERPRISE]: { division: 'Notes', manager: { value: 'm', $ref: '../Users/m' } },
    });
    const { body } = await server.send(client, 'GET', `/Users?${query}`);
    const { schemas, id, ...rest } = body.Resources[0];
    expect([schemas, id]).toEqual([expect.any(Array), expect.any(String)]);
    expect(rest).toEqual(expected);
  });

  it('reach into lists', async () => {
    const client = await server.client();
    await made(client, {
      userName: 'ada',
      emails: [
        { value: 'a@x', type: 'work' },
        { value: 'b@x', type: 'home' },
      ],
    });
    const { body } = await server.send(client, 'GET', '/Users?excludedAttributes=emails.type');
    expect(body.Resources[0].emails).toEqual([{ value: 'a@x' }, { value: 'b@x' }]);
  });
});

describe('discovery', () => {
  it('tells what there is', async () => {
    const client = await server.client();
    const [config, types, schemas] = await Promise.all(
      ['/ServiceProviderConfig', '/ResourceTypes', '/Schemas'].map((path) =>
        server.send(client, 'GET', path),
      ),
    );
    expect(config!.body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: true },
      filter: { supported: true, maxResults: 1_000 },
      sort: { supported: true },
      etag: { supported: true },
      pagination: {
        cursor: true,
        index: true,
        defaultPaginationMethod: 'index',
        defaultPageSize: 100,
        maxPageSize: 1_000,
        cursorTimeout: 3_600,
      },
      securityEvents: { asyncRequest: 'request', eventUris: Object.values(SCIM_EVENTS) },
      changePassword: { supported: false },
    });
    expect(types!.body).toMatchObject({
      totalResults: 2,
      Resources: [
        {
          id: 'User',
          endpoint: '/Users',
          schemaExtensions: [
            { schema: ENTERPRISE, required: false },
            { required: false, schema: SCHEMAS[2]!.id },
          ],
        },
        { id: 'Group', endpoint: '/Groups' },
      ],
    });
    expect(schemas!.body.Resources.map(({ id }: { id: string }) => id)).toEqual(
      [...SCHEMAS, GROUP_SCHEMA].map(({ id }) => id),
    );
    for (const answer of [config, types, schemas]) expect(answer).toMatchObject({ status: 200 });
    for (const { meta } of [config!.body, ...types!.body.Resources, ...schemas!.body.Resources]) {
      const again = await server.send(
        client,
        'GET',
        (meta.location as string).slice(server.root.length),
      );
      expect(again.body.meta).toEqual(meta);
      expect(again.headers.get('content-type')).toBe('application/scim+json; charset=utf-8');
    }
  });

  it('is not filtered', async () => {
    const client = await server.client();
    for (const path of ['/ServiceProviderConfig', '/ResourceTypes', '/Schemas'])
      expect(await server.send(client, 'GET', `${path}?filter=id%20pr`)).toMatchObject({
        status: 403,
        body: { status: '403' },
      });
  });
});

describe('what others are told', () => {
  const told = (client: ScimClient, request: string) =>
    server.world.query<{ resource: string; type: string; events: object; txn: string }>(
      `select resource, type, events, txn from events_pending
        where organization_id = $1 and connection_id = $2 and split_part(txn, ':', 1) = $3 order by seq`,
      [client.organization, client.connection, request],
    );
  const requestOf = (answer: { headers: Headers }): string => answer.headers.get('x-request-id')!;

  it('of each change stands beside it, under the id of its request, without anybody’s data', async () => {
    const client = await server.client();
    const body = { userName: 'grace@example.com', externalId: 'g-1', title: 'Admiral' };
    const created = await server.send(client, 'POST', '/Users', { body });
    const { id } = created.body as { id: string };
    const put = await server.send(client, 'PUT', `/Users/${id}`, {
      body: { ...body, title: 'Dr' },
    });
    const gone = await patch(client, id, { op: 'replace', path: 'active', value: 'False' });
    const again = await patch(client, id, { op: 'replace', path: 'active', value: 'False' });
    const back = await patch(client, id, { op: 'replace', value: { active: true } });
    const removed = await server.send(client, 'DELETE', `/Users/${id}`);
    const all = await Promise.all(
      [created, put, gone, again, back, removed].map((answer) => told(client, requestOf(answer))),
    );
    const notice = (type: string, version: number, ...attributes: string[]) => ({
      [`urn:ietf:params:scim:event:prov:${type}:notice`]: { attributes, version: `W/"${version}"` },
    });
    expect(all.map(([event]) => event?.events)).toEqual([
      notice('create', 1, 'id', 'userName', 'externalId', 'title', 'active'),
      notice('put', 2, 'title'),
      { ...notice('patch', 3, 'active'), 'urn:ietf:params:scim:event:prov:deactivate': {} },
      {
        [ACCESS_EVENTS.sessionRevoked]: expect.objectContaining({ initiating_entity: 'system' }),
        [ACCESS_EVENTS.accountDisabled]: {},
      },
      { ...notice('patch', 4, 'active'), 'urn:ietf:params:scim:event:prov:activate': {} },
      { 'urn:ietf:params:scim:event:prov:delete': {} },
    ]);
    expect(all.map((events) => events.length)).toEqual([1, 1, 1, 1, 2, 1]);
    expect(all[4]?.[1]?.events).toEqual({ [ACCESS_EVENTS.accountEnabled]: {} });
    expect(JSON.stringify(all)).not.toMatch(/grace|g-1|Admiral/);
    expect(new Set(all.flat().map(({ resource }) => resource))).toEqual(
      new Set([`/Users/${id}`, `user/${id}`]),
    );
  });

  it('of the operations of a bulk request bears its id and the number of each', async () => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada' });
    const answer = await server.send(client, 'POST', '/Bulk', {
      body: {
        Operations: [
          { method: 'POST', path: '/Users', data: { nothing: 'of use' } },
          { method: 'POST', path: '/Groups', data: { displayName: 'g', members: [{ value: id }] } },
          { method: 'DELETE', path: `/Users/${id}` },
        ],
      },
    });
    const txn = requestOf(answer);
    expect(await told(client, txn)).toMatchObject([
      {
        txn: `${txn}:1`,
        events: {
          'urn:ietf:params:scim:event:prov:create:notice': {
            attributes: ['id', 'displayName', 'members'],
          },
        },
      },
      { txn: `${txn}:2`, resource: `/Users/${id}` },
    ]);
  });

  it('of a group names what changed in it', async () => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada' });
    const body = { displayName: 'one' };
    const created = await server.send(client, 'POST', '/Groups', { body });
    const path = `/Groups/${created.body.id}`;
    const Operations = [{ op: 'add', path: 'members', value: [{ value: id }] }];
    const joined = await server.send(client, 'PATCH', path, { body: { Operations } });
    const renamed = await server.send(client, 'PUT', path, {
      body: { displayName: 'two', externalId: 'e' },
    });
    const removed = await server.send(client, 'DELETE', path);
    const events = await Promise.all(
      [joined, renamed, removed].map(async (answer) => told(client, requestOf(answer))),
    );
    expect(events.flat().map((event) => [event.resource, event.events])).toEqual([
      [
        path,
        {
          'urn:ietf:params:scim:event:prov:patch:notice': {
            attributes: ['members'],
            version: 'W/"2"',
          },
        },
      ],
      [
        path,
        {
          'urn:ietf:params:scim:event:prov:put:notice': {
            attributes: ['displayName', 'externalId'],
            version: 'W/"3"',
          },
        },
      ],
      [path, { 'urn:ietf:params:scim:event:prov:delete': {} }],
    ]);
  });
});

describe('bad input', () => {
  it.each<[number, string, string, object]>([
    [404, 'GET', '', {}],
    [404, 'GET', '/Nothing', {}],
    [404, 'POST', '/Users/1/2/3', { body: {} }],
    [404, 'GET', '/Users/not-an-id', {}],
    [404, 'GET', '/Schemas/urn:nothing', {}],
    [404, 'GET', '/ResourceTypes/Bulk', {}],
    [405, 'DELETE', '/Users', {}],
    [405, 'PUT', '/Users', { body: {} }],
    [405, 'POST', '/Schemas', { body: {} }],
    [405, 'PATCH', '/ServiceProviderConfig', { body: {} }],
    [405, 'POST', '/Users/x', { body: {} }],
    [501, 'GET', '/Me', {}],
    [501, 'PATCH', '/Me', { body: {} }],
    [400, 'GET', '/Users/%zz', {}],
    [400, 'GET', '/Users?filter=userName%20eq%20%22%00%22', {}],
    [414, 'GET', `/Users/${'x'.repeat(600)}`, {}],
    [400, 'POST', '/Users', { body: '{"userName":' }],
    [400, 'POST', '/Users', { body: '' }],
    [400, 'POST', '/Users', {}],
    [400, 'POST', '/Users', { body: '[]' }],
    [400, 'POST', '/Users', { body: '"ada"' }],
    [400, 'POST', '/Users', { body: { displayName: 'nobody' } }],
    [400, 'POST', '/Users', { body: { userName: 5 } }],
    [400, 'POST', '/Users', { body: { userName: 'a\u0000b' } }],
    [400, 'POST', '/Users', { body: '{"userName":"\\ud800"}' }],
    [400, 'POST', '/Users', { body: { userName: 'ada', active: 'maybe' } }],
    [400, 'POST', '/Users', { body: { userName: 'x'.repeat(1_000_000) } }],
    [400, 'POST', '/Users', { body: { userName: 'ada', title: { x: [] } } }],
    [
      400,
      'POST',
      '/.search',
      { body: { filter: `${'('.repeat(10_000)}id pr${')'.repeat(10_000)}` } },
    ],
    [
      400,
      'POST',
      '/Users',
      { body: `{"userName":"deep","emails":${'['.repeat(100_000)}${']'.repeat(100_000)}}` },
    ],
    [
      400,
      'POST',
      '/Users',
      {
        body: {
          userName: 'many',
          emails: Array.from({ length: 10_000 }, (_, n) => ({ value: `${n}@x` })),
        },
      },
    ],
    [415, 'POST', '/Users', { body: '<user/>', headers: { 'content-type': 'application/xml' } }],
    [413, 'POST', '/Users', { body: { userName: 'x'.repeat(1_100_000) } }],
  ])('%i for %s %s', async (status, method, path, more) => {
    const client = await server.client();
    const answer = await server.send(client, method, path, more);
    expect([answer.status, answer.body]).toMatchObject([
      status,
      { schemas: [ERROR], status: String(status), detail: expect.any(String) },
    ]);
    expect(answer.headers.get('content-type')).toBe('application/scim+json; charset=utf-8');
    if (status === 405) expect(answer.headers.get('allow')).toBeTruthy();
    expect((await server.send(client, 'GET', '/Users')).body.totalResults).toBe(0);
  });

  it.each<[string, Record<string, string>]>([
    ['nothing', {}],
    ['Basic', { authorization: 'Basic YWRhOnNlY3JldA==' }],
    ['nonsense', { authorization: 'Bearer ofs_scim_nonsense' }],
    ['an empty bearer', { authorization: 'Bearer ' }],
  ])('401 for %s', async (_, headers) => {
    for (const [method, path] of [
      ['GET', '/Users'],
      ['POST', '/Users'],
      ['GET', '/Schemas'],
      ['GET', '/Me'],
      ['DELETE', `/Users/${newId()}`],
    ] as const) {
      const answer = await server.send(null, method, path, {
        headers,
        ...(method === 'POST' && { body: '{' }),
      });
      expect(answer).toMatchObject({ status: 401, body: { schemas: [ERROR], status: '401' } });
      expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
    }
  });

  const leave = '{"op":"replace","path":"active","value":false}';
  const deep = '['.repeat(20_000) + ']'.repeat(20_000);

  it.each<[string, 'scim' | 'unreadable', number, string, string]>([
    ['half a body', 'unreadable', 400, 'application/scim+json', `{"Operations":[${leave}`],
    ['a form', 'unreadable', 400, 'application/x-www-form-urlencoded', 'active=false'],
    ['JSON that says it is text', 'scim', 415, 'text/plain', `{"Operations":[${leave}]}`],
    [
      'the last of five thousand operations',
      'scim',
      400,
      'application/scim+json',
      `{"Operations":[${'{"op":"add","path":"title","value":"x"},'.repeat(4_999)}${leave}]}`,
    ],
  ])('%s counts for the person: %s hold, %i', async (_, hold, status, type, body) => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada' });
    const answer = await server.send(client, 'PATCH', `/Users/${id}`, {
      body,
      headers: { 'content-type': type },
    });
    expect(answer).toMatchObject({ status, body: { schemas: [ERROR], status: String(status) } });
    const holds = await server.world.holds(id as UserId);
    expect(holds.map((each) => each.split(':')[0])).toEqual([hold]);
  });

  it('a body that is packed is not unpacked, and holds the person whom it may be about', async () => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada' });
    // More than a body may have, in a few bytes.
    const bomb = gzipSync(Buffer.alloc(20_000_000));
    const send = (method: string, path: string, encoding: string, body: Uint8Array<ArrayBuffer>) =>
      fetch(`${server.root}${path}`, {
        method,
        body,
        headers: {
          authorization: `Bearer ${client.secret}`,
          'content-type': 'application/scim+json',
          'content-encoding': encoding,
        },
      });
    for (const [method, path] of [
      ['PATCH', `/Users/${id}`],
      ['POST', '/Users'],
      ['POST', '/Groups'],
      ['POST', '/Bulk'],
      ['POST', '/.search'],
    ] as const) {
      const answer = await send(method, path, 'gzip', bomb);
      expect([400, 415]).toContain(answer.status);
      expect(await answer.json()).toMatchObject({ schemas: [ERROR] });
    }
    const holds = await server.world.holds(id as UserId);
    expect(holds.map((hold) => hold.split(':')[0])).toEqual(['unreadable']);
    const back = Buffer.from('{"Operations":[{"op":"replace","path":"active","value":true}]}');
    const plain = await send('PATCH', `/Users/${id}`, 'identity', Uint8Array.from(back));
    expect(plain.status).toBe(200);
    expect(await server.world.holds(id as UserId)).toEqual([]);
  });

  it.each<[string, 'held' | 'gone', string]>([
    ['a path like active', 'held', leave.replace('active', '$.active')],
    ['a list in a list', 'held', '{"op":"add","value":[[{"active":false}]]}'],
    ['Operations twice', 'held', `${leave}],"Operations":[`],
    ['two values', 'held', leave.replace('false', 'null,"Value":false')],
    ['a nested path beside a false', 'gone', `{"op":"add","path":${deep}},${leave}`],
  ])('400 for %s, and the person is %s', async (_, access, operations) => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada' });
    const answer = await server.send(client, 'PATCH', `/Users/${id}`, {
      body: `{"Operations":[${operations}]}`,
    });
    expect(answer).toMatchObject({ status: 400, body: { schemas: [ERROR], status: '400' } });
    const holds = await server.world.holds(id as UserId);
    expect(holds.map((hold) => hold.split(':')[0])).toEqual([
      access === 'held' ? 'unreadable' : 'scim',
    ]);
    expect(await server.world.generation('user', id)).toBe(access === 'held' ? 1 : 2);
  });

  it('forgives what is harmless', async () => {
    const client = await server.client();
    const body =
      '{"userName":"ada","__proto__":{"active":false},"constructor":{"x":1},"toString":5,"shoeSize":43}';
    const created = await server.send(client, 'POST', '/Users/', {
      body,
      headers: { 'content-type': 'application/json; charset=utf-8; odata=x' },
    });
    expect(created).toMatchObject({ status: 201, body: { userName: 'ada', active: true } });
    const id = created.body.id as string;
    expect(
      (await server.send(client, 'GET', `/Users/${id.toUpperCase()}/?aadOptscim062020`)).status,
    ).toBe(200);
    const deleted = await server.send(client, 'DELETE', `/Users/${id}`, {
      headers: { 'content-type': 'application/json' },
    });
    expect(deleted.status).toBe(204);
  });

  it('deletes whatever body a DELETE brings', async () => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada' });
    expect(
      (
        await server.send(client, 'DELETE', `/Users/${id}`, {
          body: '{"a":',
          headers: { 'content-type': 'text/plain' },
        })
      ).status,
    ).toBe(204);
    expect(await server.world.generation('user', id)).toBe(2);
  });

  it.each([
    ['of what was announced', 'content-length: 1000\r\n\r\n{"userName":"grace","active":false}'],
    [
      'without its last piece',
      'transfer-encoding: chunked\r\n\r\n23\r\n{"userName":"grace","active":false}\r\n',
    ],
  ])('a body that breaks off changes nothing: the end %s is missing', async (_, rest) => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada' });
    const { port } = new URL(server.root);
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => {
        socket.end(
          `PUT /scim/v2/Users/${id} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${client.secret}\r\ncontent-type: application/json\r\n${rest}`,
        );
      });
      socket.resume().once('close', () => {
        resolve();
      });
    });
    expect((await server.send(client, 'GET', `/Users/${id}`)).body).toMatchObject({
      userName: 'ada',
      active: true,
    });
  });

  it('every refused change of a known connection stands in the audit log, without what it said', async () => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada' });
    await server.send(client, 'POST', '/Users', {
      body: { userName: 'grace@secret.example', active: 'maybe' },
    });
    await server.send(client, 'POST', '/Users', { body: '{' });
    await patch(client, id, { op: 'replace', path: 'title', value: 5 });
    await server.send(client, 'DELETE', `/Users/${newId()}`);
    const entries = await server.world.query<{ bytes: string }>(
      `select convert_from(bytes, 'UTF8') as bytes from audit.entry where organization_id = $1 and action = 'request.refused' order by at, id`,
      [client.organization],
    );
    const read = entries.map(({ bytes }) => JSON.parse(bytes) as { detail: object; actor: object });
    expect(read.map(({ detail }) => detail)).toEqual([
      { code: 'scim.active_unreadable' },
      { code: 'request.malformed' },
      { code: 'scim.invalid_value' },
      { code: 'resource.unknown' },
    ]);
    expect(read[0]!.actor).toEqual({ type: 'connection', id: client.connection });
    expect(JSON.stringify(entries) + server.lines.join('')).not.toContain('secret.example');
  });
});

describe('PostgreSQL is away', () => {
  it('every request is a 503 with Retry-After, and works afterwards', async () => {
    const client = await server.client();
    const id = await made(client, { userName: 'ada' });
    server.wire.cut();
    try {
      for (const [method, path, body] of [
        ['GET', '/Users'],
        ['GET', `/Users/${id}`],
        ['POST', '/Users', { userName: 'b' }],
        ['PATCH', `/Users/${id}`, { Operations: [{ op: 'replace', value: { active: false } }] }],
        ['DELETE', `/Users/${id}`],
        ['GET', '/Schemas'],
      ] as const) {
        const answer = await server.send(client, method, path, body === undefined ? {} : { body });
        expect(answer).toMatchObject({ status: 503, body: { schemas: [ERROR], status: '503' } });
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
    } finally {
      server.wire.heal();
    }
    expect(await server.world.generation('user', id)).toBe(1);
    expect((await patch(client, id, { op: 'replace', value: { active: false } })).status).toBe(200);
    expect(await server.world.generation('user', id)).toBe(2);
  });
});

it('each case of a connection is told exactly once, and who is held at the end was told to be, whatever was asked', async () => {
  const [cases] = await server.world.query<{ n: number }>(
    `select count(*)::integer as n from cases where revoked_at is not null`,
  );
  expect(cases?.n).toBeGreaterThan(10);
  expect(await toldOtherwise(server.world)).toEqual([]);
});
