// P1: durable before polite. P6: Kafka being down never fails a request. Every answer is held against docs/openapi.json.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readLease } from '../../../src/contract/read-lease.js';
import { newId } from '../../../src/kernel/ids.js';
import { TokenMint } from '../../support/access-tokens.js';
import { AdminApp, type Answer } from '../../support/admin-app.js';
import { eventually } from '../../support/eventually.js';
import { ForeignKey } from '../../support/foreign-idp.js';
import { casesMet, toldOtherwise } from '../../support/told.js';

let app: AdminApp;
let org: string;
const at = (path: string) => `/v1/organizations/${org}${path}`;

beforeAll(async () => {
  app = await AdminApp.start();
  org = await app.organization();
});

afterAll(() => app.stop());

const post = (path: string, body: unknown, more: Parameters<AdminApp['ask']>[2] = {}) =>
  app.ask('POST', path, { body, ...more });
const get = (path: string, key?: string) => app.ask('GET', path, key === undefined ? {} : { key });

async function all(path: string): Promise<Record<string, unknown>[]> {
  const items: Record<string, unknown>[] = [];
  for (let next: string | null = path; next !== null;) {
    const answer: Answer = await get(next);
    expect(answer.status).toBe(200);
    items.push(...(answer.body.items as Record<string, unknown>[]));
    next = /<([^>]+)>; rel="next"/.exec(answer.headers.get('link') ?? '')?.[1] ?? null;
  }
  return items;
}

const BOOTSTRAP = ['device-tokens:bootstrap'];

const actions = async () => (await all(at('/audit/events'))).map(({ action }) => action);

describe('organizations', () => {
  it('are made, read, changed and listed', async () => {
    const made = await post('/v1/organizations', { name: 'Analytical Engines' });
    expect(made).toMatchObject({ status: 201, body: { allow_ownerless: false } });
    const path = `/v1/organizations/${made.body.id}`;
    const changed = await app.ask('PATCH', path, { body: { allow_ownerless: true } });
    expect(changed.body).toEqual({ ...made.body, allow_ownerless: true });
    expect((await get(path)).body).toEqual(changed.body);
    expect((await all('/v1/organizations?limit=1')).map(({ id }) => id)).toContain(made.body.id);
  });
});

describe('connections', () => {
  it('show their secret once, with the address to enter at the IdP', async () => {
    const made = await post(at('/connections'), { kind: 'scim', name: 'Entra' });
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({ url: `${app.url}/scim/v2`, link: 'user-name' });
    expect(made.body.secret).toMatch(/^ofs_scim_/);
    const read = (await get(at(`/connections/${made.body.id}`))).body;
    expect({ ...read, secret: made.body.secret }).toEqual(made.body);
    expect(JSON.stringify((await get(at('/connections'))).body)).not.toContain('ofs_scim_');
  });

  it.each([
    ['okta-event-hook', /^ofs_hook_/],
    ['standard-webhooks', /^whsec_/],
  ])('of webhooks have a path of their own: %s', async (kind, form) => {
    const made = await post(at('/connections'), { kind, name: kind });
    expect(made.body.url).toBe(`${app.url}/webhooks/${made.body.id}`);
    expect(made.body.secret).toMatch(form);
  });

  it('rotate with an overlap, and are removed', async () => {
    const { id } = (await post(at('/connections'), { kind: 'scim', name: 'Okta' })).body;
    const rotated = await post(at(`/connections/${id}/secrets`), { overlap_s: 60 });
    expect(rotated.status).toBe(201);
    expect((await get(at(`/connections/${id}`))).body.secrets).toHaveLength(2);
    const withoutBody = await app.ask('POST', at(`/connections/${id}/secrets`));
    expect(withoutBody.status).toBe(201);
    expect((await app.ask('DELETE', at(`/connections/${id}`))).status).toBe(204);
    expect((await app.ask('DELETE', at(`/connections/${id}`))).status).toBe(404);
    expect((await get(at(`/connections/${id}`))).body).toMatchObject({
      removed_at: expect.any(String),
      secrets: [],
    });
    expect(await actions()).toEqual(
      expect.arrayContaining([
        'connection.created',
        'connection.secret_rotated',
        'connection.removed',
      ]),
    );
  });
});

describe('admin keys', () => {
  it('open until they are revoked, at once', async () => {
    const made = await post(at('/admin-keys'), { name: 'on call', role: 'operator' });
    expect((await get(at(''), made.body.key)).status).toBe(200);
    expect((await app.ask('DELETE', at(`/admin-keys/${made.body.id}`))).status).toBe(204);
    expect((await get(at(''), made.body.key)).body).toMatchObject({
      status: 401,
      code: 'credential.invalid',
    });
    const listed = await all(at('/admin-keys?limit=1'));
    expect(listed.find(({ id }) => id === made.body.id)?.['revoked_at']).not.toBeNull();
    expect(JSON.stringify(listed)).not.toContain('ofs_admin_');
  });

  it('of the installation are made by one and end by another, never by themselves', async () => {
    const made = await post('/v1/admin-keys', { name: 'second', role: 'owner' });
    const listed = await all('/v1/admin-keys');
    const first = listed.find(({ name }) => name === 'first');
    const own = await app.ask('DELETE', `/v1/admin-keys/${made.body.id}`, { key: made.body.key });
    expect(own.body).toMatchObject({ status: 409, code: 'admin_key.in_use' });
    expect(first).toMatchObject({ org: null, role: 'owner', revoked_at: null });
    expect((await app.ask('DELETE', `/v1/admin-keys/${made.body.id}`)).status).toBe(204);
  });

  it('have roles: who may only read changes nothing', async () => {
    const auditor = await app.adminKey(org, 'auditor');
    const operator = await app.adminKey(org, 'operator');
    const attempts: [string, string, string, unknown][] = [
      [auditor, 'POST', '/devices', { device_id: 'x' }],
      [auditor, 'POST', '/revocations', { subject: { scope: 'org', id: org }, reason: 'x' }],
      [auditor, 'DELETE', `/api-keys/${newId()}`, undefined],
      [operator, 'POST', '/connections', { kind: 'scim', name: 'x' }],
      [operator, 'POST', '/api-keys', { name: 'x', scopes: ['device-tokens:bootstrap'] }],
      [operator, 'POST', '/admin-keys', { name: 'x', role: 'owner' }],
      [operator, 'PATCH', '', { allow_ownerless: true }],
    ];
    for (const [key, method, path, body] of attempts) {
      const answer = await app.ask(method, at(path), { key, body });
      expect(answer.body).toMatchObject({ status: 403, code: 'credential.role_missing' });
    }
    const refused = (await all(at('/audit/events?action=request.refused'))).map(
      ({ detail }) => detail,
    );
    expect(refused).toHaveLength(attempts.length);
    expect((await get(at('/users'), auditor)).status).toBe(200);
  });
});

describe('api keys', () => {
  it('are made with scopes, shown once, and end with a case', async () => {
    const made = await post(at('/api-keys'), {
      name: 'backend',
      scopes: ['device-tokens:bootstrap'],
    });
    expect(made.status).toBe(201);
    expect(made.body.key).toMatch(/^ofs_api_/);
    expect((await app.ask('DELETE', at(`/api-keys/${made.body.id}`))).status).toBe(204);
    const ended = (await get(at(`/api-keys/${made.body.id}`))).body;
    expect({ ...ended, key: made.body.key }).toEqual({
      ...made.body,
      revoked_at: expect.any(String),
    });
    expect((await all(at('/api-keys'))).map(({ id }) => id)).toContain(made.body.id);
    const cases = await all(at('/cases'));
    expect(cases[0]).toMatchObject({ subject: { scope: 'api_key', id: made.body.id } });
  });
});

describe('devices', () => {
  it('are made once per name', async () => {
    const made = await post(at('/devices'), { device_id: 'scanner-1', name: 'Dock 4' });
    expect(made).toMatchObject({
      status: 201,
      body: { generation: 1, holds: [], users: [], live_tokens: 0 },
    });
    expect((await get(at(`/devices/${made.body.id}`))).body).toEqual(made.body);
    expect((await get(at('/devices?device_id=scanner-1'))).body.items).toEqual([made.body]);
    const again = await post(at('/devices'), { device_id: 'scanner-1' });
    expect(again.body).toMatchObject({ status: 409, code: 'device.taken' });
  });
});

describe('assignments', () => {
  it('give a device to people and take it back; giving away an unowned one ends what it had', async () => {
    const { user } = await app.person(org, 'hands@example.test');
    const other = await app.person(org, 'more-hands@example.test');
    const { id } = (await post(at('/devices'), { device_id: 'shared-1' })).body;
    const put = (who: string) => app.ask('PUT', at(`/devices/${id}/assignments/${who}`));
    expect((await put(user)).status).toBe(204);
    expect((await get(at(`/devices/${id}`))).body).toMatchObject({
      generation: 2,
      users: [{ id: user, live_tokens: 0 }],
    });
    expect((await put(user)).status).toBe(204);
    expect((await put(other.user)).status).toBe(204);
    expect((await get(at(`/devices/${id}`))).body).toMatchObject({
      generation: 2,
      users: [{ id: user }, { id: other.user }],
    });
    expect((await get(at(`/devices?user=${other.user}`))).body.items).toMatchObject([{ id }]);
    const take = () => app.ask('DELETE', at(`/devices/${id}/assignments/${user}`));
    expect((await take()).status).toBe(204);
    expect((await take()).body).toMatchObject({ status: 404, code: 'assignment.unknown' });
    expect((await put(newId())).body).toMatchObject({ status: 404, code: 'user.unknown' });
    expect(await actions()).toEqual(
      expect.arrayContaining(['device.assigned', 'device.unassigned']),
    );
  });
});

describe('users', () => {
  it('are read with resources, devices and live tokens', async () => {
    const { user, connection } = await app.person(org, 'Ada@example.test');
    const device = (await post(at('/devices'), { device_id: 'laptop-1' })).body.id;
    await app.world.token(org as never, user, device);
    const { body } = await get(at(`/users/${user}`));
    expect(body).toMatchObject({
      id: user,
      active: true,
      generation: 1,
      holds: [],
      live_tokens: 1,
      resources: [{ connection, user_name: 'Ada@example.test', active: true }],
      devices: [{ id: device, device_id: 'laptop-1', live_tokens: 1 }],
    });
    expect((await get(at(`/devices/${device}`))).body).toMatchObject({
      live_tokens: 1,
      users: [{ id: user, live_tokens: 1 }],
    });
    for (const query of [
      'user_name=ADA@EXAMPLE.TEST',
      'external_id=ext-Ada@example.test',
      'email=ada@EXAMPLE.test',
    ])
      expect((await get(at(`/users?${query}`))).body.items).toEqual([body]);
    expect((await get(at('/users?user_name=ada%25'))).body.items).toEqual([]);
  });

  it('lose their live tokens by a revocation, and get a hold when asked', async () => {
    const { user } = await app.person(org, 'grace@example.test');
    const device = (await post(at('/devices'), { device_id: 'laptop-2' })).body.id;
    await app.world.token(org as never, user, device);
    const revoked = await post(at('/revocations'), {
      subject: { scope: 'user', id: user },
      reason: 'INC-7',
      hold: true,
    });
    expect(revoked.status).toBe(201);
    expect(revoked.body).toMatchObject({
      state: 'open',
      subject: { scope: 'user', id: user },
      user,
      generation: 2,
      cause: { kind: 'admin', reason: 'INC-7' },
      counts: { devices: 1, tokens: 1 },
      timeline: { broker_acked_at: null },
    });
    const after = (await get(at(`/users/${user}`))).body;
    expect(after).toMatchObject({
      generation: 2,
      live_tokens: 0,
      holds: [{ name: 'admin', case: revoked.body.id }],
    });
    expect((await app.ask('DELETE', at(`/users/${user}/holds/admin`))).status).toBe(204);
    expect((await get(at(`/users/${user}`))).body.holds).toEqual([]);
    const again = await app.ask('DELETE', at(`/users/${user}/holds/admin`));
    expect(again.body).toMatchObject({ status: 404, code: 'hold.unknown' });
    expect((await get(at(`/cases/${revoked.body.id}`))).body).toEqual(revoked.body);
    expect((await all(at(`/cases?user=${user}`))).map(({ id }) => id)).toEqual([revoked.body.id]);
    expect((await get(at(`/cases?user=${user}&state=enforced`))).body.items).toEqual([]);
    const trail = await all(at(`/audit/events?case=${revoked.body.id}`));
    expect(trail).toMatchObject([{ action: 'revocation.requested', subject: { id: user } }]);
  });
});

describe('access groups', () => {
  it('are added, listed and removed; who is outside is told, and loses access when that is asked for', async () => {
    const own = await app.organization();
    const path = `/v1/organizations/${own}/access-groups`;
    const { user, connection } = await app.person(own, 'ada@example.test');
    const group = await app.group(own, connection, []);
    const put = (body: object, key?: string) =>
      app.ask('PUT', `${path}/${group}`, { body, ...(key === undefined ? {} : { key }) });
    const view = { id: group, connection, display_name: 'Staff', members: 0, deleted_at: null };
    expect((await put({}, await app.adminKey(own, 'operator'))).status).toBe(403);
    expect(await put({})).toMatchObject({ status: 200, body: { ...view, outside: 1, revoked: 0 } });
    expect((await get(path)).body.items).toMatchObject([view]);
    const applied = await put({ apply: true });
    expect(applied).toMatchObject({ status: 200, body: { outside: 0, revoked: 1 } });
    const { body } = await get(`/v1/organizations/${own}/users/${user}`);
    expect(body.holds).toMatchObject([{ name: `group:${connection}` }]);
    const [made] = await all(`/v1/organizations/${own}/cases`);
    expect(made).toMatchObject({ user, cause: { kind: 'group', connection } });
    expect((await app.ask('DELETE', `${path}/${group}`)).status).toBe(204);
    expect((await app.ask('DELETE', `${path}/${group}`)).body.code).toBe('access_group.unknown');
    expect((await get(path)).body.items).toEqual([]);
    const events = await all(`/v1/organizations/${own}/audit/events`);
    expect(events.filter(({ action }) => String(action).startsWith('access_group.'))).toMatchObject(
      [
        { action: 'access_group.removed', subject: { type: 'group', id: group } },
        { action: 'access_group.added', detail: { outside: 0, gone: 1 } },
        { action: 'access_group.added', detail: { outside: 1, gone: 0 } },
      ],
    );
    const nobody = await app.ask('PUT', `${path}/${newId()}`, { body: {} });
    expect(nobody).toMatchObject({ status: 404, body: { code: 'group.unknown' } });
  });
});

describe('an organization', () => {
  it('that is held gets no tokens until the hold is lifted', async () => {
    const own = await app.organization();
    const path = `/v1/organizations/${own}`;
    const revoked = await post(`${path}/revocations`, {
      subject: { scope: 'org', id: own },
      reason: 'INC-8',
      hold: true,
      kind: 'incident',
    });
    expect(revoked).toMatchObject({ status: 201, body: { generation: 2 } });
    const holds = [{ name: 'incident', case: revoked.body.id }];
    expect((await get(path)).body).toMatchObject({ id: own, holds });
    const listed = await all('/v1/organizations');
    expect(listed.find(({ id }) => id === own)).toMatchObject({ holds });
    const renamed = await app.ask('PATCH', path, { body: { name: 'Held' } });
    expect(renamed).toMatchObject({ status: 200, body: { name: 'Held', holds } });
    const key = (await post(`${path}/api-keys`, { name: 'backend', scopes: BOOTSTRAP })).body.key;
    const { user } = await app.person(own, 'held@example.test');
    const issue = () =>
      app.ask('POST', '/api/v1/device-auth/token', {
        body: { device_id: 'held', user: { id: user } },
        key: null,
        headers: { 'x-api-key': String(key) },
      });
    expect(await issue()).toMatchObject({ status: 403, body: { code: 'organization.held' } });

    expect((await app.ask('DELETE', `${path}/holds/incident`)).status).toBe(204);
    expect((await get(path)).body.holds).toEqual([]);
    expect((await issue()).status).toBe(201);
    const again = await app.ask('DELETE', `${path}/holds/incident`);
    expect(again.body).toMatchObject({ status: 404, code: 'hold.unknown' });
    const [trail] = await all(`${path}/audit/events?action=hold.lifted`);
    expect(trail).toMatchObject({ subject: { type: 'organization', id: own } });
  });
});

describe('a revocation', () => {
  const revocation = (id: string, more: object = {}) => ({
    subject: { scope: 'user', id },
    reason: 'lost laptop',
    ...more,
  });

  it('that is sent again with its key is done once, also when both come at once', async () => {
    const { user } = await app.person(org, 'twice@example.test');
    const send = (body: unknown) =>
      post(at('/revocations'), body, { headers: { 'idempotency-key': 'ticket-1' } });
    // All six have looked for the key and found nothing when the first of them may go on.
    const holder = await app.world.outside.connect();
    await holder.query('begin');
    await holder.query('select from subject_generations where subject_id = $1 for update', [user]);
    const sent = Array.from({ length: 6 }, () => send(revocation(user)));
    try {
      await eventually(async () => {
        const [row] = await app.world.query<{ waiting: number }>(
          `select count(*)::integer as waiting from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'`,
        );
        return row?.waiting === 6;
      });
    } finally {
      await holder.query('commit');
      holder.release();
    }
    const answers = await Promise.all(sent);
    expect(answers.map(({ status }) => status)).toEqual(Array(6).fill(201));
    expect(new Set(answers.map(({ body }) => body.id)).size).toBe(1);
    expect((await get(at(`/users/${user}`))).body.generation).toBe(2);
    const other = await send(revocation(user, { hold: true }));
    expect(other.body).toMatchObject({ status: 409, code: 'request.idempotency_conflict' });
    const elsewhere = await app.organization();
    const foreign = await post(`/v1/organizations/${elsewhere}/revocations`, revocation(user), {
      headers: { 'idempotency-key': 'ticket-1' },
    });
    expect(foreign.body).toMatchObject({ status: 404, code: 'user.unknown' });
  });

  it('without a key is done each time', async () => {
    const { user } = await app.person(org, 'thrice@example.test');
    await post(at('/revocations'), revocation(user));
    await post(at('/revocations'), revocation(user));
    expect((await get(at(`/users/${user}`))).body.generation).toBe(3);
  });

  it('of the whole organization raises its generation', async () => {
    const other = await app.organization();
    const answer = await post(`/v1/organizations/${other}/revocations`, {
      subject: { scope: 'org', id: other },
      reason: 'breach',
      kind: 'incident',
    });
    expect(answer.body).toMatchObject({ generation: 2, cause: { kind: 'incident' } });
  });

  it.each([
    ['user', 'user.unknown'],
    ['device', 'device.unknown'],
    ['family', 'family.unknown'],
    ['api_key', 'api_key.unknown'],
    ['org', 'organization.unknown'],
  ])('of an unknown %s is a 404', async (scope, code) => {
    for (const id of [newId(), 'no-uuid']) {
      const answer = await post(at('/revocations'), { subject: { scope, id }, reason: 'x' });
      expect(answer.body).toMatchObject({ status: 404, code });
    }
  });

  it('of a signing key is the installation’s', async () => {
    const unknown = await post('/v1/revocations', {
      subject: { scope: 'kid', id: 'nobody' },
      reason: 'leaked',
    });
    expect(unknown.body).toMatchObject({ status: 404, code: 'kid.unknown' });
    const body = { subject: { scope: 'kid', id: app.tokenKid }, reason: 'leaked' };
    const first = await post('/v1/revocations', body);
    expect(first).toMatchObject({
      status: 201,
      body: { org: '*', subject: { scope: 'kid', id: app.tokenKid }, generation: null },
    });
    expect((await post('/v1/revocations', body)).body.id).toBe(first.body.id);
  });
});

describe('issuers', () => {
  const KEY = new ForeignKey('ES256');
  let owner: string;
  const under = (path: string) => `/v1/organizations/${owner}${path}`;

  // Whose revocations bring more than one record.
  beforeAll(async () => {
    owner = await app.organization();
  });

  const issuer = (more: object = {}) => ({
    issuer: `https://${newId()}.example`,
    audience: 'api://things',
    subject: 'external_id',
    ...more,
  });

  it('call people by subjects that an operator names, one person by each, and takes back', async () => {
    const { user } = await app.person(owner, `${newId()}@example.com`);
    const other = await app.person(owner, `${newId()}@example.com`);
    const at = under(`/users/${user}/subjects`);
    const body = { issuer: 'https://idp.example', sub: 'pairwise' };
    const made = await post(at, body);
    expect(made).toMatchObject({ status: 201, body });
    for (const taken of [user, other.user]) {
      const again = await post(under(`/users/${taken}/subjects`), body);
      expect(again).toMatchObject({ status: 409, body: { code: 'subject.taken' } });
    }
    expect((await get(at)).body.items).toEqual([made.body]);
    expect((await post(at, { ...body, sub: 'two words' })).status).toBe(400);
    const auditor = await app.adminKey(owner, 'auditor');
    expect((await app.ask('POST', at, { body, key: auditor })).status).toBe(403);
    expect((await app.ask('DELETE', `${at}/${made.body.id}`)).status).toBe(204);
    expect((await get(at)).body.items).toEqual([]);
    expect((await post(under(`/users/${other.user}/subjects`), body)).status).toBe(201);
  });

  it('are registered, listed and removed, with their public keys or their address', async () => {
    const stored = { ...KEY.jwk, d: 'visibly-fake-private-part' };
    const inline = await post(under('/issuers'), issuer({ jwks: { keys: [stored] } }));
    expect(inline.status).toBe(201);
    expect(inline.body).toMatchObject({ jwks_url: null, max_ttl_s: 3600, identities_from: null });
    const { kid, kty, crv, x, y, alg } = KEY.jwk;
    expect(inline.body.jwks).toEqual({ keys: [{ kid, kty, crv, x, y, alg }] });
    const url = 'https://idp.example/keys';
    const fetched = await post(under('/issuers'), issuer({ jwks_url: url, max_ttl_s: 60 }));
    expect(fetched.body).toMatchObject({ jwks: null, jwks_url: url, max_ttl_s: 60 });
    expect((await get(under('/issuers'))).body.items).toEqual([fetched.body, inline.body]);
    expect((await app.ask('DELETE', under(`/issuers/${inline.body.id}`))).status).toBe(204);
    expect((await get(under('/issuers'))).body.items).toEqual([fetched.body]);
    const again = await app.ask('DELETE', under(`/issuers/${inline.body.id}`));
    expect(again.body).toMatchObject({ status: 404, code: 'issuer.unknown' });
    const events = await all(under('/audit/events'));
    expect(events.map(({ action }) => action)).toEqual(
      expect.arrayContaining(['issuer.registered', 'issuer.removed']),
    );
    const { issuer: name } = fetched.body;
    const twice = await post(under('/issuers'), issuer({ issuer: name, jwks_url: url }));
    expect(twice.body).toMatchObject({ status: 409, code: 'issuer.taken' });
  });

  it.each<[string, object]>([
    ['neither keys nor address', {}],
    ['both', { jwks: { keys: [KEY.jwk] }, jwks_url: 'https://idp.example/keys' }],
    ['keys that nobody could use', { jwks: { keys: [{ kty: 'oct', k: 'c2VjcmV0' }] } }],
    ['no keys', { jwks: { keys: [] } }],
    ['more keys than a lease should carry', { jwks: { keys: Array(11).fill(KEY.jwk) } }],
    ['no list of keys', { jwks: {} }],
    ['keys that are no object', { jwks: 'keys' }],
    ['a wire that anybody can bend', { jwks_url: 'http://idp.example/keys' }],
    ['a host that only begins like ours', { jwks_url: 'http://localhost.evil.example/' }],
    ['a file', { jwks_url: 'file:///etc/passwd' }],
    ['a password in the address', { jwks_url: 'https://a:b@idp.example/keys' }],
    ['a line break in the issuer', { issuer: 'https://a\nb', jwks: { keys: [KEY.jwk] } }],
    ['a life beyond a day', { max_ttl_s: 86_401, jwks: { keys: [KEY.jwk] } }],
    ['a name that nobody has', { subject: 'nickname', jwks: { keys: [KEY.jwk] } }],
    ['what is not there', { algorithms: ['none'], jwks: { keys: [KEY.jwk] } }],
  ])('are refused with %s', async (_, more) => {
    const answer = await post(under('/issuers'), issuer(more));
    expect([answer.status, answer.body.code.split('.')[0]]).toEqual([400, 'request']);
  });

  it('grow the window of every gateway, and go into its lease', async () => {
    const { body: gateway } = await post('/v1/gateways', { name: newId() });
    const lease = () =>
      app.ask('PUT', '/v1/gateways/self/lease', {
        key: gateway.key as string,
        body: { boot: newId(), version: '1', policy: 'strict', public_key: new TokenMint().jwk },
      });
    const before = (await lease()).body;
    const made = await post(
      under('/issuers'),
      issuer({ subject: 'user_name', max_ttl_s: 7_200, jwks: { keys: [KEY.jwk] } }),
    );
    const after = (await lease()).body;
    expect([before.window_s, after.window_s]).toEqual([3_601, 7_201]);
    expect(after.foreign_issuers).toHaveLength(Number(before.foreign_issuers.length) + 1);
    expect(after.foreign_issuers).toContainEqual({
      id: made.body.id,
      org: owner,
      issuer: made.body.issuer,
      audience: 'api://things',
      jwks_url: null,
      jwks: made.body.jwks,
      max_ttl_s: 7_200,
      not_before: Math.floor(Date.parse(made.body.created_at) / 1000),
      folds_sub: true,
      policy: null,
    });
    expect(readLease(after).foreign_issuers).toEqual(after.foreign_issuers);
    await app.ask('DELETE', under(`/issuers/${made.body.id}`));
    const later = (await lease()).body;
    // What it has signed may be in use where this lease is not known yet.
    expect(later).toMatchObject({ window_s: 7_201, foreign_issuers: before.foreign_issuers });
    await app.ask('DELETE', `/v1/gateways/${gateway.id}`);
  });
});

describe('gateways', () => {
  it('are registered, listed and removed', async () => {
    const made = await post('/v1/gateways', { name: 'edge-1' });
    expect(made.status).toBe(201);
    expect(made.body.key).toMatch(/^ofs_gateway_/);
    expect((await post('/v1/gateways', { name: 'edge-1' })).body.code).toBe('gateway.name_taken');
    expect((await get('/v1/gateways')).body.items).toMatchObject([{ id: made.body.id }]);
    expect((await app.ask('DELETE', `/v1/gateways/${made.body.id}`)).status).toBe(204);
    expect((await get('/v1/gateways')).body.items).toEqual([]);
    expect((await app.ask('DELETE', `/v1/gateways/${newId()}`)).body.code).toBe('gateway.unknown');
  });
});

describe('a process of a gateway', () => {
  let gateway: string;
  let key: string;
  const boot = newId();
  const processes = async () =>
    (await get('/v1/gateways')).body.items.find(({ id }: { id: string }) => id === gateway)
      ?.processes as object[];
  const gone = (name: string = boot, as?: string) =>
    app.ask('DELETE', `/v1/gateways/${gateway}/processes/${name}`, { key: as ?? app.ownerKey });
  const lease = () =>
    app.ask('PUT', '/v1/gateways/self/lease', {
      key,
      body: { boot, version: '1', policy: 'best-effort', public_key: new TokenMint().jwk },
    });
  const silent = () =>
    app.world.query(
      `update gateway_processes set last_seen_at = now() - interval '3 days', lease_until = now() - interval '3 days'
        where boot = $1`,
      [boot],
    );
  const said = async () =>
    app.world.query(
      `select actor_type from audit.entry where action = 'gateway.process_gone' and subject_id = $1`,
      [gateway],
    );
  beforeAll(async () => {
    ({ id: gateway, key } = (await post('/v1/gateways', { name: newId() })).body);
    expect((await lease()).status).toBe(200);
  });
  afterAll(() => app.ask('DELETE', `/v1/gateways/${gateway}`));

  it('is not gone while it is heard of', async () => {
    expect((await gone()).body).toMatchObject({ status: 409, code: 'gateway.process_live' });
    expect(await processes()).toMatchObject([{ state: 'live', gone_at: null }]);
  });

  it('is listed for as long as it counts, and is gone by the word of an operator, once', async () => {
    await silent();
    expect(await processes()).toMatchObject([{ boot, state: 'silent', gone_at: null }]);
    const { key: auditor } = (await post('/v1/admin-keys', { name: 'a', role: 'auditor' })).body;
    expect((await gone(boot, auditor)).status).toBe(403);
    expect((await gone(boot, await app.adminKey(org))).status).toBe(404);
    expect((await gone(newId())).body.code).toBe('gateway.process_unknown');
    const { key: operator } = (await post('/v1/admin-keys', { name: 'o', role: 'operator' })).body;
    expect((await gone(boot, operator)).status).toBe(204);
    expect((await gone(boot, operator)).status).toBe(204);
    expect(await said()).toMatchObject([{ actor_type: 'admin_key' }]);
    expect(await processes()).toEqual([]);
  });

  it('is there again when it is heard of, and gone by its own word', async () => {
    await app.world.query(`update gateway_processes set gone_at = gone_at - interval '2 s'`);
    const goodbye = (name: string = boot, as: string | null = key) =>
      app.ask('DELETE', `/v1/gateways/self/lease/${name}`, { key: as });
    const was = await said();
    await app.world.query(`update gateway_processes set last_seen_at = now() where boot = $1`, [
      boot,
    ]);
    expect(await processes()).toMatchObject([{ state: 'silent', gone_at: null }]);
    expect((await goodbye(boot, null)).status).toBe(401);
    expect((await goodbye('nobody')).body.code).toBe('gateway.process_unknown');
    const { body: other } = await post('/v1/gateways', { name: newId() });
    expect((await goodbye(boot, other.key as string)).body.code).toBe('gateway.process_unknown');
    await app.ask('DELETE', `/v1/gateways/${other.id}`);
    expect((await goodbye()).status).toBe(204);
    expect((await goodbye()).status).toBe(204);
    expect(await processes()).toMatchObject([{ state: 'gone', gone_at: expect.any(String) }]);
    expect(await said()).toHaveLength(was.length + 1);
  });
});

describe('a record that the broker refused', () => {
  it('is listed for every role of the installation, and queued again by an operator', async () => {
    const made = await post(at('/revocations'), {
      subject: { scope: 'org', id: org },
      reason: 'drill',
    });
    const [record] = await app.world.query<{ digest: string }>(
      `with aside as (update outbox_pending p set set_aside_at = now() from outbox o
                       where o.digest = p.digest and o.case_id = $1 returning p.digest)
       insert into outbox_refused (digest, refusal) select digest, 'too large' from aside returning digest`,
      [made.body.id],
    );
    const { digest } = record!;
    const { key: auditor } = (await post('/v1/admin-keys', { name: 'a', role: 'auditor' })).body;
    const listed = await get('/v1/outbox/refused', auditor);
    expect(listed.body.items).toMatchObject([
      { digest, org, case: made.body.id, refusal: 'too large', state: 'set_aside' },
    ]);
    const retry = `/v1/outbox/refused/${digest}/retry`;
    expect((await app.ask('POST', retry, { key: auditor })).status).toBe(403);
    expect((await app.ask('POST', retry, { key: await app.adminKey(org) })).status).toBe(404);
    expect((await app.ask('POST', retry)).status).toBe(204);
    expect((await get('/v1/outbox/refused')).body.items).toMatchObject([{ state: 'queued' }]);
    expect(await actions()).toContain('record.retried');
    const nobody = await app.ask('POST', '/v1/outbox/refused/nobody/retry');
    expect(nobody.body.code).toBe('record.unknown');
  });
});

describe('audit events', () => {
  it('are filtered and paged, newest first', async () => {
    const other = await app.organization();
    const path = `/v1/organizations/${other}`;
    for (const device of ['a', 'b', 'c']) await post(`${path}/devices`, { device_id: device });
    const events = await all(`${path}/audit/events?limit=1`);
    expect(events.map(({ action }) => action)).toEqual([
      'device.created',
      'device.created',
      'device.created',
      'organization.created',
    ]);
    const [newest] = events;
    const actor = (newest?.['actor'] as { id: string }).id;
    const count = async (query: string) => (await all(`${path}/audit/events?${query}`)).length;
    expect(await count(`actor=${actor}`)).toBe(4);
    expect(await count('action=organization.created')).toBe(1);
    expect(await count(`until=${String(newest?.['at'])}`)).toBeLessThan(4);
    expect(await count('since=2999-01-01T00:00:00Z')).toBe(0);
  });

  it('of the installation are its own', async () => {
    const events = await all('/v1/audit/events?action=admin_key.created');
    expect(events.at(-1)).toMatchObject({
      org: app.installation.id,
      actor: { type: 'service' },
      detail: { from: 'configuration', role: 'owner' },
    });
  });
});

it('each case of an operator is told exactly once, also when it was ordered twice', async () => {
  expect(await casesMet(app.world)).toContain('admin user');
  expect(await toldOtherwise(app.world)).toEqual([]);
});
