// P7: nobody is found but those who are meant, and each of them once. P9: fail closed.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UserId } from '../../../src/kernel/ids.js';
import { ScimServer, type ScimClient } from '../../support/scim-server.js';

const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';
const SEARCH = 'urn:ietf:params:scim:api:messages:2.0:SearchRequest';
const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';

let server: ScimServer;
let client: ScimClient;

const everyone = [
  {
    userName: 'Dora',
    displayName: 'b',
    emails: [{ value: 'z@x' }, { value: 'c@x', primary: true }],
  },
  { userName: 'ada', displayName: 'B', name: { familyName: 'King' }, emails: [{ value: 'A@x' }] },
  { userName: 'bea', externalId: 'b', active: false, [ENTERPRISE]: { department: 'one' } },
  { userName: 'Carl', displayName: 'a', externalId: 'B', name: { familyName: 'abel' } },
  {
    userName: 'emil',
    emails: [{ value: 'b@x', type: 'work' }],
    [ENTERPRISE]: { department: 'Two' },
  },
];

beforeAll(async () => {
  server = await ScimServer.open();
  client = await server.client();
  for (const body of everyone) await server.send(client, 'POST', '/Users', { body });
});

afterAll(() => server.close());

const namesOf = (body: { Resources: { userName: string }[] }) =>
  body.Resources.map(({ userName }) => userName);

const get = (query: Record<string, string>, as = client) =>
  server.send(as, 'GET', `/Users?${new URLSearchParams(query).toString()}`);

describe.each(['/.search', '/Users/.search', '/Users/.search/'])('POST %s', (path) => {
  const post = (body: unknown, more = {}) => server.send(client, 'POST', path, { body, ...more });

  it('answers as the same GET does', async () => {
    const answer = await post({
      schemas: [SEARCH],
      filter: 'displayName eq "b"',
      attributes: ['USERNAME', 'name.familyName'],
      sortBy: 'userName',
      sortOrder: 'descending',
      startIndex: 1,
      count: 10,
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/scim+json; charset=utf-8');
    const same = await get({
      filter: 'displayName eq "b"',
      attributes: 'userName,name.familyName',
      sortBy: 'userName',
      sortOrder: 'descending',
    });
    expect(answer.body).toEqual(same.body);
    expect(namesOf(answer.body)).toEqual(['Dora', 'ada']);
    expect(Object.keys(answer.body.Resources[1])).toEqual(['schemas', 'id', 'userName', 'name']);
  });

  it('finds everyone when it asks for nobody in particular', async () => {
    const { body } = await post({ EXCLUDEDATTRIBUTES: 'emails,meta', filter: null, count: '2' });
    expect(body).toMatchObject({ totalResults: 5, startIndex: 1, itemsPerPage: 2 });
    expect(body.Resources[0]).not.toHaveProperty('emails');
  });

  it.each<[number, string, unknown]>([
    [400, 'invalidSyntax', '[]'],
    [400, 'invalidSyntax', ''],
    [400, 'invalidSyntax', '{'],
    [400, 'invalidSyntax', { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'] }],
    [400, 'invalidSyntax', '{"schemas":[],"schemas":[]}'],
    [400, 'invalidFilter', { filter: 5 }],
    [400, 'invalidFilter', { filter: 'x eq "y"' }],
    [400, 'invalidFilter', { filter: '' }],
    [400, 'invalidValue', { startIndex: 1.5 }],
    [400, 'invalidValue', { count: {} }],
    [400, 'invalidValue', { sortBy: ['userName'] }],
    [400, 'invalidValue', { sortBy: 'userName', sortOrder: 'sideways' }],
  ])('%i %s for %j', async (status, scimType, body) => {
    expect(await post(body)).toMatchObject({
      status,
      body: { schemas: [ERROR], status: String(status), scimType },
    });
  });

  it('wants a credential like everything else', async () => {
    const answer = await server.send(null, 'POST', path, { body: {} });
    expect(answer).toMatchObject({ status: 401, body: { schemas: [ERROR], status: '401' } });
  });

  it('finds nobody of another connection', async () => {
    const stranger = await server.client({ organization: client.organization });
    const { body } = await server.send(stranger, 'POST', path, { body: {} });
    expect(body).toMatchObject({ totalResults: 0, Resources: [] });
  });
});

describe('sorting', () => {
  it.each<[string, string | undefined, string[]]>([
    ['userName', undefined, ['ada', 'bea', 'Carl', 'Dora', 'emil']],
    ['USERNAME', 'DESCENDING', ['emil', 'Dora', 'Carl', 'bea', 'ada']],
    // Those who have none come last, and first when it is the other way round; who is equal, in the order of making.
    ['displayName', 'ascending', ['Carl', 'Dora', 'ada', 'bea', 'emil']],
    ['displayName', 'descending', ['bea', 'emil', 'Dora', 'ada', 'Carl']],
    ['externalId', 'ascending', ['Carl', 'bea', 'Dora', 'ada', 'emil']],
    ['name.familyName', 'ascending', ['Carl', 'ada', 'Dora', 'bea', 'emil']],
    ['emails', 'ascending', ['ada', 'emil', 'Dora', 'bea', 'Carl']],
    ['emails.value', 'ascending', ['ada', 'emil', 'Dora', 'bea', 'Carl']],
    [`${ENTERPRISE}:department`, 'ascending', ['bea', 'emil', 'Dora', 'ada', 'Carl']],
    ['active', 'ascending', ['bea', 'Dora', 'ada', 'Carl', 'emil']],
    ['meta.created', 'descending', ['emil', 'Carl', 'bea', 'ada', 'Dora']],
    ['shoeSize', 'descending', ['Dora', 'ada', 'bea', 'Carl', 'emil']],
    ['name', 'ascending', ['Dora', 'ada', 'bea', 'Carl', 'emil']],
  ])('by %s %s', async (sortBy, sortOrder, expected) => {
    const sort = { sortBy, ...(sortOrder !== undefined && { sortOrder }) };
    const whole = await get(sort);
    expect([whole.status, namesOf(whole.body)]).toEqual([200, expected]);

    const second = await get({ ...sort, startIndex: '3', count: '2' });
    expect(namesOf(second.body)).toEqual(expected.slice(2, 4));

    const walked: string[] = [];
    for (let cursor: string | undefined = ''; cursor !== undefined;) {
      const page: Awaited<ReturnType<typeof get>> = await get({ ...sort, cursor, count: '2' });
      expect(page.body).toMatchObject({ totalResults: 5 });
      expect(page.body).not.toHaveProperty('startIndex');
      walked.push(...namesOf(page.body));
      cursor = page.body.nextCursor as string | undefined;
    }
    expect(walked).toEqual(expected);
  });
});

describe('cursors', () => {
  const first = async (query: Record<string, string>, as = client) =>
    (await get({ cursor: '', count: '2', ...query }, as)).body.nextCursor as string;

  it('meet everyone once who stays, whoever comes and goes meanwhile', async () => {
    const own = await server.client();
    const make = async (userName: string) =>
      (await server.send(own, 'POST', '/Users', { body: { userName } })).body.id as string;
    const ids = [await make('a'), await make('b'), await make('c'), await make('d')];
    const page = await get({ cursor: '', count: '2' }, own);
    expect(namesOf(page.body)).toEqual(['a', 'b']);
    await server.send(own, 'DELETE', `/Users/${ids[1]}`);
    await server.send(own, 'DELETE', `/Users/${ids[2]}`);
    await make('e');
    const rest = await get({ cursor: page.body.nextCursor as string, count: '2' }, own);
    expect([namesOf(rest.body), rest.body.nextCursor]).toEqual([['d', 'e'], undefined]);
  });

  it('go on with their own search only', async () => {
    const cursor = await first({ filter: 'displayName pr' });
    const ok = await get({ cursor, count: '2', filter: 'displayName pr' });
    expect(namesOf(ok.body)).toEqual(['Carl']);
    const stranger = await server.client({ organization: client.organization });
    const refused = await Promise.all([
      get({ cursor, count: '2' }),
      get({ cursor, count: '2', filter: 'displayName pr', sortBy: 'userName' }),
      get({ cursor, count: '2', filter: 'displayName pr' }, stranger),
      get({ cursor, count: '2', filter: 'displayName pr' }, await server.client()),
      get({ cursor: `${cursor.slice(0, -8)}AAAAAAAA`, count: '2', filter: 'displayName pr' }),
      get({ cursor: 'nonsense', count: '2' }),
    ]);
    for (const answer of refused)
      expect(answer).toMatchObject({
        status: 400,
        body: { schemas: [ERROR], status: '400', scimType: 'invalidCursor' },
      });
  });

  it.each(['3', '0', '-1', 'x', '1.5'])('refuse another count: %s', async (count) => {
    const cursor = await first({});
    expect(await get({ cursor, count })).toMatchObject({
      status: 400,
      body: { scimType: 'invalidCount' },
    });
  });

  it('are bounded like every page', async () => {
    const { body } = await get({ cursor: '', count: '99999999999' });
    expect([body.itemsPerPage, body.nextCursor]).toEqual([5, undefined]);
    const bare = await server.send(client, 'GET', '/Users?cursor&count=2');
    expect(bare.body.nextCursor).toEqual(expect.any(String));
  });

  it('work in a POST, too', async () => {
    const page = await server.send(client, 'POST', '/.search', { body: { cursor: '', count: 3 } });
    const rest = await server.send(client, 'POST', '/.search', {
      body: { cursor: page.body.nextCursor as string, count: 3 },
    });
    expect([...namesOf(page.body), ...namesOf(rest.body)]).toEqual(
      everyone.map(({ userName }) => userName),
    );
  });
});

describe('versions', () => {
  const made = async () => {
    const own = await server.client();
    const { body } = await server.send(own, 'POST', '/Users', { body: { userName: 'ada' } });
    return { own, id: body.id as string, path: `/Users/${body.id as string}` };
  };
  const patch = (value: object) => ({ body: { Operations: [{ op: 'replace', value }] } });

  it.each(['W/"1"', '"1"', '*', '"7", W/"1"'])('a known one is not sent again: %s', async (tag) => {
    const { own, path } = await made();
    const answer = await server.send(own, 'GET', path, { headers: { 'if-none-match': tag } });
    expect([answer.status, answer.text, answer.headers.get('etag')]).toEqual([304, '', 'W/"1"']);
  });

  it.each(['W/"2"', '1', 'nonsense', ''])('another one is: %s', async (tag) => {
    const { own, path } = await made();
    const answer = await server.send(own, 'GET', path, { headers: { 'if-none-match': tag } });
    expect([answer.status, answer.body.userName]).toEqual([200, 'ada']);
    expect(answer.headers.get('content-location')).toBe(`${server.root}${path}`);
  });

  it('a change of the known version is made, and its version is the next', async () => {
    const { own, path } = await made();
    const answer = await server.send(own, 'PATCH', path, {
      ...patch({ title: 'Countess' }),
      headers: { 'if-match': 'W/"1"' },
    });
    expect([answer.status, answer.headers.get('etag')]).toEqual([200, 'W/"2"']);
    const again = await server.send(own, 'PUT', path, {
      body: { userName: 'ada' },
      headers: { 'if-match': '*' },
    });
    expect([again.status, again.headers.get('etag')]).toEqual([200, 'W/"3"']);
  });

  it.each<[string, object]>([
    ['PATCH', patch({ title: 'Countess' })],
    ['PUT', { body: { userName: 'grace' } }],
  ])('a %s of another version changes nothing: 412', async (method, more) => {
    const { own, path, id } = await made();
    const headers = { 'if-match': 'W/"7"' };
    const answer = await server.send(own, method, path, { ...more, headers });
    expect(answer).toMatchObject({ status: 412, body: { schemas: [ERROR], status: '412' } });
    const { body } = await server.send(own, 'GET', path);
    expect([body.userName, body.title, body.meta.version]).toEqual(['ada', undefined, 'W/"1"']);
    expect(await server.world.generation('user', id)).toBe(1);
  });

  it.each<[string, object]>([
    ['PATCH', patch({ active: false })],
    ['DELETE', {}],
  ])('who leaves by a %s of another version has left all the same: 412', async (method, more) => {
    const { own, path, id } = await made();
    const headers = { 'if-match': 'W/"7"' };
    const answer = await server.send(own, method, path, { ...more, headers });
    expect(answer.status).toBe(412);
    expect((await server.send(own, 'GET', path)).body.meta.version).toBe('W/"1"');
    expect(await server.world.generation('user', id)).toBe(2);
    expect(await server.world.holds(id as UserId)).toEqual([`scim:${own.connection}`]);
  });

  it('an active that cannot be read holds the person, whatever the version', async () => {
    const { own, path, id } = await made();
    const answer = await server.send(own, 'PATCH', path, {
      ...patch({ active: 'maybe' }),
      headers: { 'if-match': 'W/"7"' },
    });
    expect(answer).toMatchObject({ status: 400, body: { scimType: 'invalidValue' } });
    expect(await server.world.holds(id as UserId)).toEqual([`unreadable:${own.connection}`]);
  });

  it('a DELETE of the known version deletes', async () => {
    const { own, path } = await made();
    const headers = { 'if-match': 'W/"1"' };
    expect((await server.send(own, 'DELETE', path, { headers })).status).toBe(204);
    expect((await server.send(own, 'DELETE', path, { headers })).status).toBe(404);
  });
});

describe('the far ends of a filter', () => {
  it.each([
    'meta.created gt "0000-01-01T00:00:00+14:00"',
    'meta.created lt "9999-12-31T23:59:59.999999999-14:00"',
    'meta.lastModified pr and id pr and active pr and userName pr',
    Array.from({ length: 21 }, () => 'emails[type ne "x" or value pr]').join(' or ') + ' or id pr',
  ])('%#: everyone', async (filter) => {
    const { status, body } = await get({ filter });
    expect([status, body.totalResults]).toEqual([200, everyone.length]);
  });

  it.each([
    `title eq "${'x'.repeat(8_000)}"`,
    `title co "${'x'.repeat(8_000)}" or emails[value ew "${'%'.repeat(100)}"]`,
    `${'not ('.repeat(15)}userName eq "ada"${')'.repeat(15)} and userName eq "ada"`,
    `id sw "${'g'.repeat(36)}" or externalId gt "\uffff" or displayName lt " "`,
  ])('%#: nobody', async (filter) => {
    const { status, body } = await server.send(client, 'POST', '/.search', { body: { filter } });
    expect([status, body.totalResults]).toEqual([200, 0]);
  });
});

describe('what stands beside people', () => {
  it.each<[number, string, string]>([
    [405, 'GET', '/.search'],
    [405, 'PUT', '/.search'],
    [405, 'PUT', '/Schemas/urn:ietf:params:scim:schemas:core:2.0:User'],
    [405, 'DELETE', '/ResourceTypes/User'],
    [501, 'POST', '/Me'],
    [501, 'DELETE', '/Me/'],
    [404, 'GET', '/Schema'],
    [405, 'GET', '/Bulk'],
    [404, 'POST', '/Groups/1/.search'],
  ])('%i for %s %s, in words of SCIM', async (status, method, path) => {
    const answer = await server.send(client, method, path);
    expect([answer.status, answer.body]).toMatchObject([
      status,
      { schemas: [ERROR], status: String(status) },
    ]);
    expect(answer.headers.get('content-type')).toBe('application/scim+json; charset=utf-8');
  });

  it.each([
    `/Schemas/${ENTERPRISE}`,
    `/Schemas/${ENTERPRISE.toUpperCase()}/`,
    `/Schemas/${encodeURIComponent(ENTERPRISE)}`,
    '/ResourceTypes/User',
    '/ResourceTypes/user/',
    '/ServiceProviderConfig/',
  ])('%s is there', async (path) => {
    expect((await server.send(client, 'GET', path)).status).toBe(200);
  });

  it('any parameter of the media type will do', async () => {
    const own = await server.client();
    for (const [n, type] of [
      'application/scim+json; charset=UTF-8',
      'application/json;charset="utf-8"; odata.metadata=minimal',
      'APPLICATION/SCIM+JSON ; x=y',
    ].entries()) {
      const answer = await server.send(own, 'POST', '/Users/', {
        body: { userName: `p${n}` },
        headers: { 'content-type': type },
      });
      expect([type, answer.status]).toEqual([type, 201]);
    }
  });
});
