// P2, P6, P7, P9: a token opens SCIM of its own connection, for minutes, and not longer than what it was fetched with.
// IPSIE AL1: OAuth 2.0 client credentials, private_key_jwt.
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { exportJWK, SignJWT } from 'jose';
import { NotedTraffic } from '../../../src/directory/traffic/noted-traffic.js';
import { newId } from '../../../src/kernel/ids.js';
import { AdminApp, type Answer } from '../../support/admin-app.js';

let app: AdminApp;
let org: string;
beforeAll(async () => {
  app = await AdminApp.start();
  org = await app.organization();
});
afterEach(() => {
  app.wire.heal();
});
afterAll(() => app.stop());

interface Connected {
  readonly id: string;
  readonly secret: string;
}
const at = (of: Connected, more = '', organization = org) =>
  `/v1/organizations/${organization}/connections/${of.id}${more}`;
const connect = async (kind = 'scim', organization = org): Promise<Connected> => {
  const path = `/v1/organizations/${organization}/connections`;
  return (await app.ask('POST', path, { body: { kind, name: 'IdP' } })).body as Connected;
};

async function fetchToken(
  form: Record<string, string> | string,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const response = await fetch(`${app.url}/oauth2/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(form).toString(),
  });
  const body: unknown = await response.json();
  const type = response.headers.get('content-type');
  const { status } = response;
  const fault = app.documented.fault('POST', '/oauth2/token', { status, type, body });
  if (fault !== null) throw new Error(fault);
  return { status, headers: response.headers, body };
}
const GRANT = { grant_type: 'client_credentials' };
const basic = (client: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${client}:${secret}`).toString('base64')}`,
});
const bySecret = (of: Connected, form: Record<string, string> = GRANT) =>
  fetchToken(form, basic(of.id, of.secret));
const opens = async (token: string): Promise<number> =>
  (await app.ask('GET', '/scim/v2/Users', { key: token })).status;

describe('a token fetched with the secret', () => {
  it('opens SCIM, and nothing else', async () => {
    const of = await connect();
    const answer = await bySecret(of, { ...GRANT, scope: 'scim' });
    expect([answer.status, answer.body]).toEqual([
      200,
      {
        access_token: expect.stringMatching(/^ofs_scimat_/),
        token_type: 'Bearer',
        expires_in: 600,
        scope: 'scim',
      },
    ]);
    expect(answer.headers.get('cache-control')).toBe('no-store');
    const token = answer.body.access_token as string;
    const made = await app.ask('POST', '/scim/v2/Users', { key: token, body: { userName: 'ada' } });
    expect(made.status).toBe(201);
    expect((await app.ask('GET', at(of), { key: token })).status).toBe(401);
    // A token is no secret: nobody prolongs it with itself.
    expect((await bySecret({ ...of, secret: token })).status).toBe(401);
  });

  it('stands in the audit log, without itself', async () => {
    const of = await connect();
    const token = (await bySecret(of)).body.access_token as string;
    const { body } = await app.ask(
      'GET',
      `/v1/organizations/${org}/audit/events?action=connection.token_issued`,
    );
    expect(body.items[0]).toMatchObject({
      actor: { type: 'connection', id: of.id },
      connection: of.id,
      detail: { by: 'secret', life_s: 600 },
    });
    const rows = await app.world.query<{ all: string }>(
      `select t::text as all from connection_tokens t where connection_id = $1`,
      [of.id],
    );
    for (const text of [...rows.map(({ all }) => all), ...app.lines])
      expect(text).not.toContain(token.slice(45));
  });

  it('is as strict as its connection', async () => {
    const of = await connect();
    const token = (await bySecret(of)).body.access_token as string;
    const { body: person } = await app.ask('POST', '/scim/v2/Users', {
      key: token,
      body: { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: 'strict' },
    });
    // Okta's way, without a path, which the interoperability profile refuses.
    const pathless = () =>
      app.ask('PATCH', `/scim/v2/Users/${person.id}`, {
        key: token,
        body: {
          schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
          Operations: [{ op: 'replace', value: { title: 'x' } }],
        },
      });
    expect((await pathless()).status).toBe(200);
    await app.ask('PATCH', at(of), { body: { interop: 'strict' } });
    expect((await pathless()).status).toBe(400);
  });

  it('counts as a use of the secret', async () => {
    const of = await connect();
    await opens((await bySecret(of)).body.access_token as string);
    await app.app.get(NotedTraffic).flush();
    const { body } = await app.ask('GET', at(of, '/health'));
    expect(body.secrets).toMatchObject([{ last_used_at: body.last_request_at }]);
  });

  it.each<[string, (of: Connected) => Promise<unknown>]>([
    ['the secret', (of) => app.ask('POST', at(of, '/secrets'), { body: { overlap_s: 0 } })],
    ['the connection', (of) => app.ask('DELETE', at(of))],
    [
      'its time',
      (of) =>
        app.world.query(
          'update connection_tokens set expires_at = now() where connection_id = $1',
          [of.id],
        ),
    ],
  ])('ends with %s', async (_, end) => {
    const of = await connect();
    const token = (await bySecret(of)).body.access_token as string;
    expect(await opens(token)).toBe(200);
    await end(of);
    expect(await opens(token)).toBe(401);
  });

  it('is not given out without end', async () => {
    const of = await connect();
    const answers = await Promise.all(Array.from({ length: 100 }, () => bySecret(of)));
    const [first] = answers.filter(({ status }) => status === 429);
    expect(first?.body).toMatchObject({ error: 'temporarily_unavailable' });
    expect(answers.filter(({ status }) => status === 200).length).toBeGreaterThanOrEqual(60);
    expect((await bySecret(await connect())).status).toBe(200);
  });
});

describe('a client that has not proven who it is', () => {
  it('gets nothing: by a wrong secret, another connection’s, a webhook’s, or none', async () => {
    const [of, other] = [await connect(), await connect('scim', await app.organization())];
    const hook = await connect('okta-event-hook');
    for (const headers of [
      basic(of.id, other.secret),
      basic(other.id, of.secret),
      basic(newId(), of.secret),
      basic(hook.id, hook.secret),
      basic('', ''),
      { authorization: `Bearer ${of.secret}` },
      {},
    ] as Record<string, string>[]) {
      const answer = await fetchToken(GRANT, headers);
      expect([answer.status, answer.body.error]).toEqual([401, 'invalid_client']);
      expect(answer.headers.get('www-authenticate')).toBe('Basic realm="offswitch"');
    }
    const metrics = await (await fetch(`${app.url}/metrics`)).text();
    expect(metrics).toMatch(/refusals_total\{door="oauth",reason="credential.client_invalid"\} \d/);
  });

  it.each<[string, Record<string, string> | string, number, string]>([
    ['no grant', {}, 400, 'invalid_request'],
    ['another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type'],
    ['another scope', { ...GRANT, scope: 'admin' }, 400, 'invalid_scope'],
    ['two grants', 'grant_type=client_credentials&grant_type=x', 400, 'invalid_request'],
    ['a secret in the body', { ...GRANT, client_secret: 'visibly-fake' }, 400, 'invalid_request'],
    ['another client in the body', { ...GRANT, client_id: newId() }, 400, 'invalid_request'],
    ['two proofs', { ...GRANT, client_assertion: 'x' }, 400, 'invalid_request'],
  ])('nor by a form with %s', async (_, form, status, error) => {
    const of = await connect();
    const answer = await fetchToken(form, basic(of.id, of.secret));
    expect([answer.status, answer.body.error]).toEqual([status, error]);
  });

  it('nor by what is no form', async () => {
    const json = { 'content-type': 'application/json' };
    expect((await fetchToken(GRANT, json)).status).toBe(415);
  });
});

it('while PostgreSQL is away, the client is told to come again', async () => {
  const of = await connect();
  app.wire.cut();
  const answer = await bySecret(of);
  expect([answer.status, answer.body.error]).toEqual([503, 'temporarily_unavailable']);
});

interface Signer {
  readonly of: Connected;
  readonly key: KeyObject;
  readonly alg: string;
}

const PAIRS = {
  EdDSA: () => generateKeyPairSync('ed25519'),
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2_048 }),
} as const;

const setKeys = (of: Connected, keys: readonly unknown[]) =>
  app.ask('PUT', at(of, '/client-keys'), { body: { keys } });

async function signer(alg: keyof typeof PAIRS = 'EdDSA'): Promise<Signer> {
  const of = await connect();
  const { publicKey, privateKey } = PAIRS[alg]();
  const set = await setKeys(of, [await exportJWK(publicKey)]);
  expect([set.status, set.body.keys.length]).toEqual([200, 1]);
  return { of, key: privateKey, alg };
}

type Claims = Readonly<Record<string, unknown>>;

const now = () => Math.floor(Date.now() / 1_000);
function assertion({ of, key, alg }: Signer, more: Claims = {}): Promise<string> {
  const claims = {
    ...{ iss: of.id, sub: of.id, aud: app.installation.issuer, jti: newId() },
    ...{ iat: now(), exp: now() + 60 },
    ...more,
  };
  return new SignJWT(claims).setProtectedHeader({ alg }).sign(key);
}
const byAssertion = (client_assertion: string, more: Record<string, string> = {}) =>
  fetchToken({
    ...GRANT,
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion,
    ...more,
  });

describe('a token fetched with a signed assertion', () => {
  it.each(Object.keys(PAIRS) as (keyof typeof PAIRS)[])('by %s opens SCIM', async (alg) => {
    const by = await signer(alg);
    const { status, body } = await byAssertion(await assertion(by), { client_id: by.of.id });
    expect(status).toBe(200);
    expect(await opens(body.access_token as string)).toBe(200);
  });

  it('ends with its key, and not with another one', async () => {
    const by = await signer();
    const token = (await byAssertion(await assertion(by))).body.access_token as string;
    const { publicKey } = PAIRS.ES256();
    const [own, other] = [await exportJWK(by.key), await exportJWK(publicKey)];
    const { d: _, ...mine } = own;
    await setKeys(by.of, [mine, other]);
    expect(await opens(token)).toBe(200);
    await setKeys(by.of, [other]);
    expect(await opens(token)).toBe(401);
    expect((await byAssertion(await assertion(by))).status).toBe(401);
  });

  it('is good once, also when it is sent twice at the same time', async () => {
    const sent = await assertion(await signer());
    const answers = await Promise.all([byAssertion(sent), byAssertion(sent), byAssertion(sent)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401]);
    expect((await byAssertion(sent)).status).toBe(401);
  });

  it.each<[string, Claims]>([
    ['is meant for somebody else', { aud: 'https://elsewhere.example/oauth2/token' }],
    ['is over', { iat: now() - 300, exp: now() - 120 }],
    ['lives too long', { exp: now() + 86_400 }],
    ['is of the future', { iat: now() + 600, exp: now() + 660 }],
    ['is old', { iat: now() - 3_600, exp: now() + 60 }],
    ['has no end', { exp: undefined }],
    ['has no number', { jti: undefined }],
    ['speaks for somebody else', { sub: newId() }],
    ['is from somebody else', { iss: newId(), sub: newId() }],
  ])('is not given when it %s', async (_, more) => {
    const by = await signer();
    expect((await byAssertion(await assertion(by, more))).status).toBe(401);
  });

  it('is not given for another connection, by another key, or by no signature', async () => {
    const [by, other] = [await signer(), await signer()];
    const forged = { ...by, key: other.key };
    expect((await byAssertion(await assertion(forged))).status).toBe(401);
    const [, payload = ''] = (await assertion(by)).split('.');
    const head = (alg: string) => Buffer.from(JSON.stringify({ alg })).toString('base64url');
    const { x = '' } = await exportJWK(by.key);
    const mac = createHmac('sha256', Buffer.from(x, 'base64url'));
    const hs256 = `${head('HS256')}.${payload}`;
    for (const text of [
      `${head('none')}.${payload}.`,
      `${hs256}.${mac.update(hs256).digest('base64url')}`,
      'no JWT',
    ])
      expect((await byAssertion(text)).status).toBe(401);
    expect((await byAssertion(await assertion(by), { client_id: other.of.id })).status).toBe(401);
  });

  it('is not given to a connection that was removed', async () => {
    const by = await signer();
    await app.ask('DELETE', at(by.of));
    expect((await byAssertion(await assertion(by))).status).toBe(401);
  });
});

describe('HTTP Basic', () => {
  const asks = (headers: Record<string, string>) =>
    app.ask('GET', '/scim/v2/Users?count=0', { key: null, headers });
  const accepting = async (): Promise<Connected> => {
    const of = await connect();
    const changed = await app.ask('PATCH', at(of), { body: { accepts: 'basic' } });
    expect(changed.body).toMatchObject({ accepts: 'basic' });
    return of;
  };

  it('opens nothing unless the connection accepts it', async () => {
    const of = await connect();
    expect((await asks(basic(of.id, of.secret))).status).toBe(401);
    await app.ask('PATCH', at(of), { body: { accepts: 'basic' } });
    expect((await asks(basic(of.id, of.secret))).status).toBe(200);
    expect(await opens(of.secret)).toBe(200);
    const { body } = await app.ask('GET', '/scim/v2/ServiceProviderConfig', { key: of.secret });
    const types = body.authenticationSchemes.map(({ type }: { type: string }) => type);
    expect(types).toEqual(['oauthbearertoken', 'oauth2', 'httpbasic']);
    await app.ask('PATCH', at(of), { body: { accepts: 'bearer' } });
    expect((await asks(basic(of.id, of.secret))).status).toBe(401);
  });

  it('wants the id of the connection and a live secret of it, and counts whoever has none', async () => {
    const [of, other] = [await accepting(), await accepting()];
    const counted = async () => {
      const text = await (await fetch(`${app.url}/metrics`)).text();
      const line = /refusals_total\{door="scim",reason="credential.invalid"\} (\d+)/.exec(text);
      return Number(line?.[1] ?? 0);
    };
    const before = await counted();
    const token = (await bySecret(of)).body.access_token as string;
    const wrong = [
      basic(of.id, other.secret),
      basic(other.id, of.secret),
      basic('', of.secret),
      basic(of.id, token),
      basic(of.id, `${of.secret.slice(0, -1)}0`),
      { authorization: `Basic ${of.secret}` },
    ];
    for (const headers of wrong) expect((await asks(headers)).status).toBe(401);
    expect(await counted()).toBe(before + wrong.length);
  });

  it('follows the secret: rotated with an overlap, then over, and last used', async () => {
    const of = await accepting();
    const { body: next } = await app.ask('POST', at(of, '/secrets'), { body: { overlap_s: 60 } });
    for (const secret of [of.secret, next.secret as string])
      expect((await asks(basic(of.id, secret))).status).toBe(200);
    await app.app.get(NotedTraffic).flush();
    const { body } = await app.ask('GET', at(of, '/health'));
    const used = (body.secrets as { last_used_at: string | null }[]).map(
      (each) => each.last_used_at,
    );
    expect(used).toEqual([expect.any(String), expect.any(String)]);
    await app.ask('POST', at(of, '/secrets'), { body: { overlap_s: 0 } });
    for (const secret of [of.secret, next.secret as string])
      expect((await asks(basic(of.id, secret))).status).toBe(401);
  });

  it('is no business of a webhook, and stands in the audit log', async () => {
    const path = `/v1/organizations/${org}/connections`;
    const hook = { kind: 'okta-event-hook', name: 'hook', accepts: 'basic' };
    expect((await app.ask('POST', path, { body: hook })).body.code).toBe('request.invalid_value');
    const made = await connect('okta-event-hook');
    const changed = await app.ask('PATCH', at(made), { body: { accepts: 'keys' } });
    expect(changed.body.code).toBe('request.invalid_value');
    const of = await accepting();
    const { body } = await app.ask(
      'GET',
      `/v1/organizations/${org}/audit/events?action=connection.changed`,
    );
    expect(body.items[0]).toMatchObject({ connection: of.id, detail: { accepts: 'basic' } });
  });
});

describe('the keys of a client', () => {
  it('are public, strong, each once, and ten at most', async () => {
    const of = await connect();
    const jwk = async (make: () => { publicKey: KeyObject }) => exportJWK(make().publicKey);
    const own = await exportJWK(PAIRS.EdDSA().privateKey);
    const one = await jwk(PAIRS.EdDSA);
    const weak = await jwk(() => generateKeyPairSync('rsa', { modulusLength: 1_024 }));
    for (const keys of [
      [own],
      [one, one],
      [weak],
      [{ kty: 'oct', k: 'visibly-fake' }],
      [{ ...one, x: 'short' }],
      [{}],
      Array.from({ length: 11 }, () => one),
      'none',
    ])
      expect((await setKeys(of, keys as unknown[])).body).toMatchObject({
        status: 400,
        code: 'request.invalid_value',
      });
    const rows = await app.world.query(
      'select 1 from connection_client_keys where connection_id = $1',
      [of.id],
    );
    expect(rows).toEqual([]);
  });

  it('stand in the audit log by their thumbprints, and are no business of a webhook', async () => {
    const { of } = await signer();
    const { body } = await app.ask(
      'GET',
      `/v1/organizations/${org}/audit/events?action=connection.client_keys_set`,
    );
    expect(body.items[0]).toMatchObject({
      subject: { type: 'connection', id: of.id },
      detail: { thumbprints: [expect.stringMatching(/^[\w-]{43}$/)], removed: 0 },
    });
    const hook = await connect('okta-event-hook');
    expect((await setKeys(hook, [])).body.code).toBe('request.invalid_value');
  });
});
