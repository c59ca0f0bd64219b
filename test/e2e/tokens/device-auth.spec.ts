// P2: dead stays dead. P6: trouble of ours is a 5xx. P7: organizations never meet. The wire contract of devices, over HTTP.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createLocalJWKSet, createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { newId } from '../../../src/kernel/ids.js';
import { AdminApp, type Answer } from '../../support/admin-app.js';

let app: AdminApp;
let org: string;
let key: string;
let user: string;
let device: string;

beforeAll(async () => {
  app = await AdminApp.start();
  org = await app.organization();
  key = await apiKey(org);
  ({ user } = await app.person(org, 'anna@example.com'));
});
afterAll(() => app.stop());
beforeEach(() => {
  device = `laptop ${newId()}`;
});

async function apiKey(organization: string): Promise<string> {
  const made = await app.ask('POST', `/v1/organizations/${organization}/api-keys`, {
    body: { name: 'backend', scopes: ['device-tokens:bootstrap'] },
  });
  return made.body.key as string;
}

type Headers = Record<string, string>;
const call = (deed: string, body: unknown, headers: Headers = {}): Promise<Answer> =>
  app.ask('POST', `/api/v1/device-auth/${deed}`, { key: null, body, headers });
const token = (body: object = {}, headers: Headers = { 'x-api-key': key }) =>
  call('token', { device_id: device, user: { id: user }, ...body }, headers);
const bootstrap = (bearer: string, body: object = {}) =>
  call('bootstrap', { device_identifier: device, ...body }, { authorization: `Bearer ${bearer}` });
const refresh = (refresh_token: string) => call('refresh', { refresh_token });
const enrolled = async (body: object = {}): Promise<Answer['body']> =>
  (await bootstrap((await token()).body.bootstrap_token, body)).body;

const no = (status: number, code: string) => ({ status, body: { status, code } });

describe('the life of a device token', () => {
  it('begins with a bootstrap token that the backend gets', async () => {
    const before = Date.now();
    const issued = await token({ ttl: 60 });
    expect(issued.status).toBe(201);
    expect(issued.headers.get('cache-control')).toBe('no-store');
    expect(Object.keys(issued.body).sort()).toEqual(['bootstrap_token', 'expires_at']);
    expect(issued.body.bootstrap_token).toMatch(/^ofs_bootstrap_[0-9a-f]{32}_[0-9A-Za-z]{49}$/);
    expect(issued.body.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const lifeMs = Date.parse(issued.body.expires_at as string) - before;
    expect(Math.abs(lifeMs - 60_000)).toBeLessThan(10_000);
    const usual = await token();
    expect(
      Date.parse(usual.body.expires_at as string) - Date.parse(issued.body.expires_at as string),
    ).toBeGreaterThan(800_000);
  });

  it('goes on with what the device gets for it, in the fields that its SDKs read', async () => {
    const { body, status, headers } = await bootstrap((await token()).body.bootstrap_token, {
      org_id: org,
      device_id: device,
      scopes: ['devices:write', 'heartbeat:write'],
      access_ttl_seconds: 600,
    });
    expect(status).toBe(201);
    expect(headers.get('cache-control')).toBe('no-store');
    expect(body).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.stringMatching(/^ofs_refresh_/),
      token_type: 'Bearer',
      expires_in: 600,
      expires_at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      org_id: org,
      device_identifier: device,
      scopes: ['devices:write', 'heartbeat:write'],
    });
    const next = await refresh(body.refresh_token);
    expect(next.status).toBe(200);
    expect(Object.keys(next.body)).toEqual(Object.keys(body));
    expect(next.body).toMatchObject({
      expires_in: 600,
      scopes: body.scopes,
      device_identifier: device,
    });
    expect(next.body.refresh_token).not.toBe(body.refresh_token);
    expect((await refresh(body.refresh_token)).body.refresh_token).toBe(next.body.refresh_token);
  });

  it('brings access tokens that anybody can verify by the public keys', async () => {
    const { access_token: text, expires_at: expiresAt } = await enrolled();
    const keys = createRemoteJWKSet(new URL(`${app.url}/.well-known/jwks.json`));
    const { payload } = await jwtVerify(text, keys, {
      issuer: app.installation.issuer,
      audience: 'offswitch',
      typ: 'at+jwt',
      algorithms: ['EdDSA'],
    });
    expect(decodeProtectedHeader(text)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: app.tokenKid });
    expect(payload).toEqual({
      iss: app.installation.issuer,
      aud: 'offswitch',
      sub: user,
      client_id: payload['did'],
      did: expect.any(String),
      org,
      fam: expect.any(String),
      jti: expect.any(String),
      iat: payload.exp! - 900,
      exp: Date.parse(expiresAt) / 1000,
      scope: 'devices:write',
      gen: { o: 1, u: 1, d: 1, f: 1 },
    });
  });

  it('ends when the device gives it back, as often as it says so', async () => {
    const { refresh_token } = await enrolled();
    for (let i = 0; i < 2; i += 1) {
      const answer = await call('revoke', { refresh_token, reason: 'sdk_revoke' });
      expect(answer).toMatchObject({ status: 204, body: null });
    }
    expect(await refresh(refresh_token)).toMatchObject(no(401, 'token.invalid'));
  });

  it('is in the audit log and the case of its end, and its secrets nowhere', async () => {
    const issued = await token();
    const { body } = await bootstrap(issued.body.bootstrap_token);
    await refresh(body.refresh_token);
    await call('revoke', { refresh_token: body.refresh_token, reason: 'lost in a train' });
    const events = await app.ask('GET', `/v1/organizations/${org}/audit/events?limit=100`);
    const { fam } = JSON.parse(
      Buffer.from(body.access_token.split('.')[1], 'base64url').toString(),
    );
    const own = (
      events.body.items as { subject: { id: string }; action: string; case: string }[]
    ).filter(({ subject }) => subject.id === fam);
    expect(own.map(({ action }) => action).reverse()).toEqual([
      'token.issued',
      'token.redeemed',
      'token.refreshed',
      'token.revoked',
    ]);
    const ended = await app.ask('GET', `/v1/organizations/${org}/cases/${own[0]!.case}`);
    expect(ended.body).toMatchObject({
      subject: { scope: 'family', id: fam },
      user,
      cause: { kind: 'admin', reason: 'lost in a train' },
      counts: { devices: 1, tokens: 1 },
      records: [{ partition: expect.any(Number) }],
    });
    const shown = app.lines.join('') + JSON.stringify(events.body);
    for (const text of [issued.body.bootstrap_token, body.refresh_token, body.access_token, key])
      expect(shown).not.toContain(text.slice(-40));
  });
});

describe('the public keys', () => {
  it('are public, may be kept for a while, and hold nothing private', async () => {
    const response = await fetch(`${app.url}/.well-known/jwks.json`);
    expect(response.status).toBe(200);
    expect(response.headers.get('cache-control')).toBe('public, max-age=300');
    const set = (await response.json()) as Parameters<typeof createLocalJWKSet>[0];
    expect(set.keys).toEqual([
      {
        kty: 'OKP',
        crv: 'Ed25519',
        alg: 'EdDSA',
        use: 'sig',
        kid: app.tokenKid,
        x: expect.any(String),
      },
    ]);
  });
});

describe('who asks for a bootstrap token', () => {
  it('shows an API key, in either header', async () => {
    expect((await token({}, { authorization: `Bearer ${key}` })).status).toBe(201);
    expect((await token({}, { 'x-api-key': key })).status).toBe(201);
  });

  it.each<[string, () => Headers, string]>([
    ['none', () => ({}), 'credential.missing'],
    ['a wrong letter', () => ({ 'x-api-key': `${key.slice(0, -1)}!` }), 'credential.invalid'],
    ['an admin key', () => ({ authorization: `Bearer ${app.ownerKey}` }), 'credential.invalid'],
    ['basic credentials', () => ({ authorization: 'Basic YTpi' }), 'credential.invalid'],
    ['an empty one', () => ({ 'x-api-key': '' }), 'credential.invalid'],
  ])('is refused with %s', async (_, headers, code) => {
    const answer = await token({}, headers());
    expect(answer).toMatchObject(no(401, code));
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer/);
  });

  it('is refused from the moment in which the key ends, and so is what came through it', async () => {
    const made = await app.ask('POST', `/v1/organizations/${org}/api-keys`, {
      body: { name: 'leaky', scopes: ['device-tokens:bootstrap'] },
    });
    const by = { 'x-api-key': made.body.key as string };
    const issued = await token({}, by);
    const { body } = await bootstrap((await token({}, by)).body.bootstrap_token);
    await app.ask('DELETE', `/v1/organizations/${org}/api-keys/${made.body.id}`);
    expect(await token({}, by)).toMatchObject(no(401, 'credential.invalid'));
    expect(await bootstrap(issued.body.bootstrap_token)).toMatchObject(no(401, 'token.invalid'));
    expect(await refresh(body.refresh_token)).toMatchObject(no(401, 'token.invalid'));
  });

  it('finds nobody of another organization', async () => {
    const other = await app.organization();
    const theirs = { 'x-api-key': await apiKey(other) };
    expect(await token({}, theirs)).toMatchObject(no(404, 'user.unknown'));
    const stranger = await app.person(other, 'anna@example.com');
    expect(await token({ user: { id: stranger.user } })).toMatchObject(no(404, 'user.unknown'));
    // The same device string in two organizations is two devices.
    await token();
    expect(await token({ user: undefined }, theirs)).toMatchObject(
      no(409, 'device.owner_required'),
    );
  });
});

describe('a person', () => {
  it.each([
    ['our id', () => ({ id: user })],
    ['the IdP’s external id', () => ({ external_id: 'ext-anna@example.com' })],
    ['the user name in any case', () => ({ user_name: 'ANNA@Example.COM' })],
  ])('is found by %s', async (_, name) => {
    expect((await token({ user: name() })).status).toBe(201);
  });

  it('who has left gets no device, and comes back to new ones only', async () => {
    const ben = await app.person(org, `ben-${newId()}@example.com`);
    const { body } = await bootstrap(
      (await token({ user: { id: ben.user } })).body.bootstrap_token,
    );
    const waiting = (await token({ user: { id: ben.user } })).body.bootstrap_token;
    const path = `/v1/organizations/${org}/revocations`;
    await app.ask('POST', path, {
      body: { subject: { scope: 'user', id: ben.user }, reason: 'left', hold: true },
    });
    expect(await token({ user: { id: ben.user } })).toMatchObject(no(403, 'user.held'));
    expect(await bootstrap(waiting)).toMatchObject(no(401, 'token.invalid'));
    expect(await refresh(body.refresh_token)).toMatchObject(no(401, 'token.invalid'));
    await app.ask('DELETE', `/v1/organizations/${org}/users/${ben.user}/holds/admin`);
    expect(await refresh(body.refresh_token)).toMatchObject(no(401, 'token.invalid'));
    expect((await token({ user: { id: ben.user } })).status).toBe(201);
  });
});

describe('what is wrong with a request', () => {
  it.each<[string, object]>([
    ['no device', { device_id: undefined }],
    ['an empty device', { device_id: '' }],
    ['a device that is no text', { device_id: 7 }],
    ['a device of 257 letters', { device_id: 'x'.repeat(257) }],
    ['a life of 0 s', { ttl: 0 }],
    ['a life of more than an hour', { ttl: 3601 }],
    ['half a second', { ttl: 0.5 }],
    ['a life as text', { ttl: '60' }],
    ['a life of nothing', { ttl: null }],
    ['a person without a name', { user: {} }],
    ['a person with two names', { user: { id: newId(), user_name: 'a' } }],
    ['a person as text', { user: 'anna' }],
    ['a person who is nothing', { user: null }],
    ['several persons', { user: [{ id: newId() }] }],
    ['a name that is no text', { user: { id: 1 } }],
    ['a name that is nothing', { user: { id: null } }],
  ])('for a bootstrap token: %s', async (_, body) => {
    expect(await token(body)).toMatchObject(no(400, 'request.invalid_value'));
  });

  it.each<[string, object]>([
    ['no identifier', { device_identifier: undefined }],
    ['more than an hour', { access_ttl_seconds: 3601 }],
    ['no time at all', { access_ttl_seconds: 0 }],
    ['scopes as text', { scopes: 'devices:write' }],
    ['a scope that no device gets', { scopes: ['device-tokens:bootstrap'] }],
    ['a scope with a space', { scopes: ['devices:write admin'] }],
    ['too many scopes', { scopes: Array.from({ length: 33 }, () => 'devices:write') }],
  ])('for an access token: %s, and the bootstrap token is still good', async (_, body) => {
    const { bootstrap_token } = (await token()).body;
    expect(await bootstrap(bootstrap_token, body)).toMatchObject(no(400, 'request.invalid_value'));
    expect((await bootstrap(bootstrap_token)).status).toBe(201);
  });

  it.each([
    ['another organization', { org_id: newId() }],
    ['another device', { device_identifier: 'phone' }],
    ['another device id', { device_id: newId() }],
  ])('a bootstrap token of %s is refused and still good', async (_, body) => {
    const { bootstrap_token } = (await token()).body;
    expect(await bootstrap(bootstrap_token, body)).toMatchObject(no(403, 'token.bound_elsewhere'));
    expect((await bootstrap(bootstrap_token)).status).toBe(201);
  });

  it.each<[string, unknown]>([
    ['token', { device_id: 'a', user: { id: 'b' }, admin: true }],
    ['token', { device_id: 'a', user: { id: 'b', role: 'x' } }],
    ['bootstrap', { device_identifier: 'a', sub: 'x' }],
    ['refresh', { refresh_token: 'a', scopes: [] }],
    ['revoke', { refresh_token: 'a', reason: 'x', hold: true }],
  ])('a field that nobody reads, for %s: %j', async (deed, body) => {
    const bearer = `Bearer ${(await token()).body.bootstrap_token as string}`;
    const answer = await call(deed, body, { 'x-api-key': key, authorization: bearer });
    expect(answer).toMatchObject(no(400, 'request.unknown_field'));
  });

  it('a bootstrap token that was never issued, is missing, or was used', async () => {
    expect(await bootstrap('ofs_bootstrap_x')).toMatchObject(no(401, 'token.invalid'));
    expect(await call('bootstrap', { device_identifier: device })).toMatchObject(
      no(401, 'credential.missing'),
    );
    const { bootstrap_token } = (await token()).body;
    await bootstrap(bootstrap_token);
    expect(await bootstrap(bootstrap_token)).toMatchObject(no(401, 'token.invalid'));
  });

  it('a refresh token that is none', async () => {
    for (const text of ['x', 'ofs_refresh_', (await token()).body.bootstrap_token as string]) {
      expect(await refresh(text)).toMatchObject(no(401, 'token.invalid'));
      expect(await call('revoke', { refresh_token: text })).toMatchObject(no(401, 'token.invalid'));
    }
    expect(await call('refresh', {})).toMatchObject(no(400, 'request.invalid_value'));
  });
});

describe('without PostgreSQL', () => {
  it('every endpoint says 503 with Retry-After, nothing is used up, and the keys are still served', async () => {
    const { bootstrap_token } = (await token()).body;
    const { refresh_token } = await enrolled();
    app.wire.cut();
    try {
      const answers = await Promise.all([
        token(),
        bootstrap(bootstrap_token),
        refresh(refresh_token),
        call('revoke', { refresh_token, reason: 'x' }),
      ]);
      for (const answer of answers) {
        expect(answer).toMatchObject(no(503, 'store.unavailable'));
        expect(answer.headers.get('retry-after')).not.toBeNull();
      }
      expect((await fetch(`${app.url}/.well-known/jwks.json`)).status).toBe(200);
    } finally {
      app.wire.heal();
    }
    expect((await bootstrap(bootstrap_token)).status).toBe(201);
    expect((await refresh(refresh_token)).status).toBe(200);
  });
});
