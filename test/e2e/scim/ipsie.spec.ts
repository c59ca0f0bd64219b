// P1: durable before polite. P2: dead stays dead. P8: never throttled. IPSIE AL1, line by line (docs/scim.md holds the table).
import { readFileSync } from 'node:fs';
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, SignJWT } from 'jose';
import { Installation } from '../../../src/platform/installation/installation.js';
import { newId, type ConnectionId } from '../../../src/kernel/ids.js';
import { Throttle } from '../../../src/scim/throttle.js';
import { eventually } from '../../support/eventually.js';
import { inProject } from '../../support/from-source.js';
import type { RunningGateway } from '../../support/running-gateway.js';
import { bearer, RunningService, type Answered } from '../../support/running-service.js';

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';
const MINUTES_5_MS = 300_000;

let service: RunningService;
let gateway: RunningGateway;
let org: string;
let client: Client;

beforeAll(async () => {
  service = await RunningService.start();
  gateway = await service.gateway();
  org = (await service.admin('POST', '/v1/organizations', { name: 'Example' })).body.id;
  client = await connect();
  await eventually(() => gateway.state === 'fresh');
}, 60_000);
afterAll(async () => {
  await gateway.stop();
  await service.stop();
});

interface Client {
  readonly id: string;
  readonly secret: string;
  readonly key: KeyObject;
  /** Fetched with its key. */
  readonly token: string;
}
const at = (id: string, more = '') => `/v1/organizations/${org}/connections/${id}${more}`;

/** A client as AL1 wants it: strict, and with a key alone. */
async function connect(more: object = { interop: 'strict', accepts: 'keys' }): Promise<Client> {
  const body = { kind: 'scim', name: 'IdP', ...more };
  const made = await service.admin('POST', `/v1/organizations/${org}/connections`, body);
  const { id, secret } = made.body as Pick<Client, 'id' | 'secret'>;
  const { publicKey, privateKey: key } = generateKeyPairSync('ed25519');
  await service.admin('PUT', at(id, '/client-keys'), { keys: [await exportJWK(publicKey)] });
  const { body: token } = await byAssertion(await assertion({ id, key }));
  return { id, secret, key, token: token.access_token as string };
}

function assertion({ id, key }: Pick<Client, 'id' | 'key'>): Promise<string> {
  const now = Math.floor(Date.now() / 1_000);
  const aud = service.app.get(Installation).issuer;
  return new SignJWT({ iss: id, sub: id, aud, jti: newId(), iat: now, exp: now + 60 })
    .setProtectedHeader({ alg: 'EdDSA' })
    .sign(key);
}

async function fetchToken(form: object, headers: object = {}): Promise<Answered> {
  const response = await fetch(`${service.url}/oauth2/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams({ grant_type: 'client_credentials', ...form }).toString(),
  });
  return { status: response.status, body: await response.json() };
}
const byAssertion = (client_assertion: string): Promise<Answered> =>
  fetchToken({
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion,
  });
const basic = ({ id, secret }: Pick<Client, 'id' | 'secret'>) => ({
  authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
});

const scim = (method: string, path: string, body?: unknown, of = client): Promise<Answered> =>
  service.ask(method, `/scim/v2${path}`, {
    headers: bearer(of.token),
    ...(body !== undefined && { body }),
  });
const opens = async (headers: Record<string, string>): Promise<number> =>
  (await service.ask('GET', '/scim/v2/Users?count=0', { headers })).status;

const made = async (more: object = {}): Promise<string> => {
  const userName = `${newId()}@example.com`;
  const { status, body } = await scim('POST', '/Users', { schemas: [USER], userName, ...more });
  expect(status).toBe(201);
  return body.id as string;
};
const patch = (type: string, id: string, Operations: readonly object[]): Promise<Answered> =>
  scim('PATCH', `/${type}/${id}`, { schemas: [PATCH_OP], Operations });
const setActive = (id: string, value: boolean): Promise<Answered> =>
  patch('Users', id, [{ op: 'replace', path: 'active', value }]);
const found = async (type: string, filter: string): Promise<string[]> => {
  const { status, body } = await scim('GET', `/${type}?filter=${encodeURIComponent(filter)}`);
  expect(status).toBe(200);
  return (body.Resources as { id: string }[]).map(({ id }) => id);
};

/** A device of the person, with its tokens. */
async function enrol(user: string) {
  const key = await service.admin('POST', `/v1/organizations/${org}/api-keys`, {
    name: 'backend',
    scopes: ['device-tokens:bootstrap'],
  });
  const device = newId();
  const ask = () =>
    service.ask('POST', '/api/v1/device-auth/token', {
      headers: { 'x-api-key': key.body.key as string },
      body: { device_id: device, user: { id: user } },
    });
  const redeem = async (bootstrap: string) =>
    service.ask('POST', '/api/v1/device-auth/bootstrap', {
      headers: bearer(bootstrap),
      body: { device_identifier: device },
    });
  const { body } = await redeem((await ask()).body.bootstrap_token as string);
  const { access_token: access, refresh_token } = body as Record<string, string>;
  const refresh = () =>
    service.ask('POST', '/api/v1/device-auth/refresh', { body: { refresh_token } });
  return { access: access ?? '', refresh, ask, redeem };
}

describe('IPSIE AL1: authentication and authorization', () => {
  it('client_credentials with JWT client authentication', async () => {
    expect(await opens(bearer(client.token))).toBe(200);
  });

  it('enforced: a connection that accepts keys opens to nothing else', async () => {
    const loose = await connect({});
    const bySecret = await fetchToken({}, basic(loose));
    const token = bearer(bySecret.body.access_token as string);
    expect(await opens(token)).toBe(200);
    await service.admin('PATCH', at(loose.id), { accepts: 'keys' });
    expect(await opens(token)).toBe(401);
    expect(await opens(bearer(loose.secret))).toBe(401);
    expect(await opens(basic(loose))).toBe(401);
    expect((await fetchToken({}, basic(loose))).status).toBe(401);
    expect(await opens(bearer(loose.token))).toBe(200);
    const { authenticationSchemes } = (await scim('GET', '/ServiceProviderConfig')).body;
    expect(authenticationSchemes).toMatchObject([{ type: 'oauth2', primary: true }]);
  });

  it('no client secret in a body', async () => {
    const { id: client_id, secret: client_secret } = await connect({});
    expect(await fetchToken({ client_id, client_secret })).toMatchObject({
      status: 400,
      body: { error: 'invalid_request' },
    });
  });

  it('the scope is scim, and nothing broader', async () => {
    const { body } = await byAssertion(await assertion(client));
    expect(body).toMatchObject({ token_type: 'Bearer', scope: 'scim' });
    const headers = bearer(body.access_token as string);
    expect((await service.ask('GET', at(client.id), { headers })).status).toBe(401);
  });

  it('authorization server metadata with a token_endpoint', async () => {
    const { status, body } = await service.ask('GET', '/.well-known/oauth-authorization-server');
    expect([status, body]).toEqual([
      200,
      {
        issuer: service.url,
        token_endpoint: `${service.url}/oauth2/token`,
        grant_types_supported: ['client_credentials'],
        response_types_supported: [],
        scopes_supported: ['scim'],
        token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
        token_endpoint_auth_signing_alg_values_supported: expect.arrayContaining([
          'EdDSA',
          'RS256',
        ]),
      },
    ]);
  });

  it('tokens expire, and an assertion is good once', async () => {
    const said = await assertion(client);
    const { body } = await byAssertion(said);
    expect(body.expires_in).toBe(600);
    expect((await byAssertion(said)).status).toBe(401);
    await service.world.query(
      'update connection_tokens set expires_at = now() where id = (select max(id::text)::uuid from connection_tokens)',
    );
    expect(await opens(bearer(body.access_token as string))).toBe(401);
  });
});

describe('IPSIE AL1: interoperability', () => {
  it('the interoperability profile is followed, and said to be', async () => {
    const { body } = await scim('GET', '/ServiceProviderConfig');
    expect(body.interopProfileConformant).toBe(true);
  });

  it('no local modifications of users and groups', () => {
    const { paths } = JSON.parse(readFileSync(inProject('docs/openapi.json'), 'utf8')) as {
      paths: Record<string, object>;
    };
    const changes = Object.entries(paths)
      .filter(([path]) => /\/(users|groups)(\/|$)/.test(path))
      .flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`))
      .filter((route) => !route.startsWith('get '));
    // Access, not the person: an operator may lift a hold, and say what another issuer calls somebody.
    expect(changes).toEqual([
      'delete /v1/organizations/{org}/users/{user}/holds/{hold}',
      'post /v1/organizations/{org}/users/{user}/subjects',
      'delete /v1/organizations/{org}/users/{user}/subjects/{subject}',
    ]);
  });
});

describe('IPSIE AL1: performance', () => {
  it('429 with Retry-After beyond the limit', async () => {
    const busy = await connect();
    const request = { method: 'GET', route: '/scim/v2/Users', body: null };
    const drain = () => {
      expect(() => {
        for (;;) service.app.get(Throttle).admit(busy.id as ConnectionId, request);
      }).toThrow('request.throttled');
    };
    let answer: Response;
    do {
      drain();
      answer = await fetch(`${service.url}/scim/v2/Users`, { headers: bearer(busy.token) });
    } while (answer.status !== 429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(await answer.json()).toMatchObject({ schemas: [ERROR], status: '429' });
  });

  it('25 requests at once of each organization are never put off', async () => {
    const answers = await Promise.all(
      Array.from({ length: 25 }, () => scim('GET', '/Users?count=0')),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]));
  });

  it('bulk', async () => {
    const userName = `${newId()}@example.com`;
    const data = { schemas: [USER], userName };
    const { status, body } = await scim('POST', '/Bulk', {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
      Operations: [{ method: 'POST', path: '/Users', bulkId: 'a', data }],
    });
    expect([status, body.Operations[0].status]).toEqual([200, '201']);
  });

  it('several attributes in one PATCH', async () => {
    const id = await made({ title: 'Countess' });
    const { body } = await patch('Users', id, [
      { op: 'replace', path: 'displayName', value: 'Ada' },
      { op: 'add', path: 'name.givenName', value: 'Ada' },
      { op: 'remove', path: 'title' },
    ]);
    expect(body).toMatchObject({ displayName: 'Ada', name: { givenName: 'Ada' } });
    expect(body).not.toHaveProperty('title');
  });
});

describe('IPSIE AL1: deactivation and reactivation', () => {
  it('deactivation ends all access mechanisms', async () => {
    const id = await made();
    const device = await enrol(id);
    const waiting = (await device.ask()).body.bootstrap_token as string;
    expect(gateway.outcome(device.access)).toBe('allow');
    expect((await setActive(id, false)).body.active).toBe(false);
    // Access tokens, refresh secrets, what was about to be enrolled, and new ones.
    await eventually(() => gateway.outcome(device.access).startsWith('deny'));
    expect((await device.refresh()).status).toBe(401);
    expect((await device.redeem(waiting)).status).toBe(401);
    expect((await device.ask()).status).toBe(403);
  });

  it('reactivation is allowed, and brings back nothing that was issued before', async () => {
    const id = await made();
    const device = await enrol(id);
    await setActive(id, false);
    expect((await setActive(id, true)).body.active).toBe(true);
    const again = await enrol(id);
    expect(gateway.outcome(again.access)).toBe('allow');
    await eventually(() => gateway.outcome(device.access).startsWith('deny'));
    expect((await device.refresh()).status).toBe(401);
  });

  it('revocation within five minutes of the request, measured', async () => {
    const id = await made();
    await enrol(id);
    await setActive(id, false);
    const cases = `/v1/organizations/${org}/cases`;
    let timeline: Record<string, string | null> = {};
    await eventually(async () => {
      const { body } = await service.admin('GET', `${cases}?user=${id}`);
      timeline = body.items[0].timeline;
      return timeline['last_enforced_at'] !== null;
    });
    const time = (name: string) => Date.parse(timeline[name] ?? '');
    expect(time('last_enforced_at') - time('received_at')).toBeLessThan(MINUTES_5_MS);
    expect(time('revoked_at')).toBeLessThanOrEqual(time('last_enforced_at'));
    const metrics = await (await fetch(`${service.url}/metrics`)).text();
    expect(metrics).toMatch(/^revocation_end_to_end_seconds_count\{[^}]*\} [1-9]/m);
  });
});

describe('IPSIE AL1: deletion, and how users are found', () => {
  it('DELETE, and the user name may be given again', async () => {
    const userName = `${newId()}@example.com`;
    const id = await made({ userName });
    const device = await enrol(id);
    expect((await scim('DELETE', `/Users/${id}`)).status).toBe(204);
    expect((await scim('GET', `/Users/${id}`)).status).toBe(404);
    expect(await found('Users', `userName eq "${userName}"`)).toEqual([]);
    const again = await made({ userName });
    expect(again).not.toBe(id);
    expect((await device.refresh()).status).toBe(401);
  });

  it('GET by id, and the four filters', async () => {
    const email = `${newId()}@example.com`;
    const externalId = newId();
    const userName = `${newId()}@example.com`;
    const emails = [{ value: email, type: 'work' }];
    const id = await made({ userName, externalId, emails });
    expect((await scim('GET', `/Users/${id}`)).body.id).toBe(id);
    for (const filter of [
      `userName eq "${userName}"`,
      `externalId eq "${externalId}"`,
      `emails[value eq "${email}"]`,
      `emails[type eq "work" and value eq "${email}"]`,
    ])
      expect([filter, await found('Users', filter)]).toEqual([filter, [id]]);
    expect(await found('Users', `emails[type eq "home" and value eq "${email}"]`)).toEqual([]);
  });
});

describe('IPSIE AL1: security', () => {
  it('errors are in the words of SCIM, and say nothing of the inside', async () => {
    const answer = await scim('POST', '/Users', { schemas: [USER], userName: 'x'.repeat(2_000) });
    expect(answer).toMatchObject({ status: 400, body: { schemas: [ERROR], status: '400' } });
    expect(JSON.stringify(answer.body)).not.toMatch(/at \/|\.ts|\.js|postgres|select |x{100}/i);
  });

  it('every creation, modification and deletion is in the audit log', async () => {
    const id = await made();
    await patch('Users', id, [{ op: 'replace', path: 'title', value: 'Dr' }]);
    await setActive(id, false);
    await setActive(id, true);
    await scim('DELETE', `/Users/${id}`);
    const { body } = await service.admin(
      'GET',
      `/v1/organizations/${org}/audit/events?actor=${client.id}&limit=200`,
    );
    const entries = body.items as { action: string; subject: { id: string } | null }[];
    const actions = entries.filter(({ subject }) => subject?.id === id).map(({ action }) => action);
    for (const action of ['created', 'changed', 'deprovisioned', 'reactivated', 'deleted'])
      expect(actions).toContain(`user.${action}`);
  });
});

describe('IPSIE AL2, as far as it goes beyond', () => {
  it('userName, displayName, active and externalId are kept, and a password is not supported', async () => {
    const externalId = newId();
    const id = await made({ displayName: 'Ada', active: true, externalId });
    const { body } = await scim('GET', `/Users/${id}`);
    expect(body).toMatchObject({ displayName: 'Ada', active: true, externalId });
    const password = 'not-a-real-password';
    const refused = await scim('POST', '/Users', { schemas: [USER], userName: newId(), password });
    expect(refused).toMatchObject({ status: 400, body: { scimType: 'invalidSyntax' } });
  });

  it('lists have 1,000 people a page at most, and cursors', async () => {
    const { body } = await scim('GET', '/ServiceProviderConfig');
    expect(body.pagination).toMatchObject({ cursor: true, maxPageSize: 1_000 });
  });

  it('a PATCH of a group takes fifty members, one by one', async () => {
    const displayName = newId();
    const externalId = newId();
    const people = Array.from({ length: 50 }, () => newId());
    const group = (await scim('POST', '/Groups', { schemas: [GROUP], displayName, externalId }))
      .body.id as string;
    const add = people.map((value) => ({ op: 'add', path: 'members', value: [{ value }] }));
    expect((await patch('Groups', group, add)).status).toBe(204);
    for (const filter of [
      `displayName eq "${displayName}"`,
      `externalId eq "${externalId}"`,
      `members[value eq "${String(people.at(-1))}"]`,
    ])
      expect([filter, await found('Groups', filter)]).toEqual([filter, [group]]);
  });
});

it('docs/scim.md has a line for each of these tests', () => {
  const [, table = ''] = readFileSync(inProject('docs/scim.md'), 'utf8').split('\n## IPSIE\n');
  const told = [...table.matchAll(/\| "([^"]+)" +\|$/gm)].map(([, name]) => name);
  const own = readFileSync(inProject('test/e2e/scim/ipsie.spec.ts'), 'utf8');
  const tests = [...own.matchAll(/^ {2}it\('([^']+)'/gm)].map(([, name]) => name);
  expect(told.slice(0, tests.length)).toEqual(tests);
});
