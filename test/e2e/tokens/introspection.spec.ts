// P2: dead stays dead. P6: trouble of ours is a 5xx. P8: nothing waits behind introspection. It decides as a guard with perfect knowledge.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { AccessTokenClaims } from '../../../src/contract/access-token.js';
import { readRecord } from '../../../src/contract/read.js';
import { PublicKeys } from '../../../src/gateway/crypto/public-keys.js';
import { createGuard } from '../../../src/gateway/guard.js';
import { ServiceClient } from '../../../src/gateway/lease/service-client.js';
import { Generations } from '../../../src/gateway/view/generations.js';
import { newId } from '../../../src/kernel/ids.js';
import { Secret } from '../../../src/kernel/secret.js';
import { SystemClock } from '../../../src/platform/clock/system-clock.js';
import { KeyRing } from '../../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks } from '../../../src/platform/crypto/private-jwks.js';
import { signAccessToken } from '../../../src/tokens/sign-access-token.js';
import { AdminApp, type Answer } from '../../support/admin-app.js';
import { eventually } from '../../support/eventually.js';

const keys = Array.from({ length: 2 }, () => generatePrivateJwks().keys[0]!);
const [ring, leaving] = keys.map((key) => new KeyRing({ keys: [key] })) as [KeyRing, KeyRing];

let app: AdminApp;
let org: string;
let apiKey: string;
let gatewayKey: string;

beforeAll(async () => {
  app = await AdminApp.start({ tokenKeys: { keys } });
  org = await app.organization();
  const made = await app.ask('POST', `/v1/organizations/${org}/api-keys`, {
    body: { name: 'backend', scopes: ['device-tokens:bootstrap'] },
  });
  apiKey = made.body.key as string;
  gatewayKey = (await app.ask('POST', '/v1/gateways', { body: { name: 'one' } })).body.key;
});
afterAll(() => app.stop());

interface Form {
  readonly body: string | Uint8Array;
  readonly type?: string;
  readonly key?: string | null;
}

async function post({ body, type, key = gatewayKey }: Form): Promise<Answer> {
  const response = await fetch(`${app.url}/oauth2/introspect`, {
    method: 'POST',
    headers: {
      'content-type': type ?? 'application/x-www-form-urlencoded',
      ...(key !== null && { authorization: `Bearer ${key}` }),
    },
    body,
  });
  const answer = { status: response.status, body: await response.json() };
  const fault = app.documented.fault('POST', '/oauth2/introspect', {
    ...answer,
    type: response.headers.get('content-type'),
  });
  if (fault !== null) throw new Error(fault);
  return { ...answer, headers: response.headers };
}

const introspect = (token: string): Promise<Answer> =>
  post({ body: new URLSearchParams({ token }).toString() });

/** Asks until it is answered: on a busy machine the service may have no time. */
async function isActive(token: string): Promise<boolean> {
  for (;;) {
    const { status, body } = await introspect(token);
    if (status === 200) return body.active as boolean;
    expect(status).toBe(503);
  }
}

interface Enrolled {
  readonly token: string;
  readonly refresh: string;
  readonly claims: AccessTokenClaims;
}

async function enrol(): Promise<Enrolled> {
  const device_identifier = `laptop ${newId()}`;
  const { user } = await app.person(org, `${newId()}@example.com`);
  const issued = await app.ask('POST', '/api/v1/device-auth/token', {
    key: null,
    body: { device_id: device_identifier, user: { id: user } },
    headers: { 'x-api-key': apiKey },
  });
  const { body } = await app.ask('POST', '/api/v1/device-auth/bootstrap', {
    key: issued.body.bootstrap_token,
    body: { device_identifier },
  });
  const token = body.access_token as string;
  const payload = Buffer.from(token.split('.')[1]!, 'base64url').toString();
  return {
    token,
    refresh: body.refresh_token,
    claims: JSON.parse(payload) as AccessTokenClaims,
  };
}

const revoke = (scope: string, id: string): Promise<Answer> =>
  app.ask('POST', `/v1/organizations/${org}/revocations`, {
    body: { subject: { scope, id }, reason: 'left' },
  });

/** What a guard says that has every record of the outbox, and a fresh view. */
async function perfectGuard(): Promise<(token: string) => boolean> {
  const generations = new Generations();
  const stored = await app.world.query<{ value: Buffer }>('select value from outbox');
  for (const { value } of stored) generations.apply(readRecord(value.toString()));
  const guard = createGuard({
    view: {
      least: (scope, subject) => generations.least(scope, subject),
      notBefore: () => 0,
      isKidRevoked: (kid) => generations.isKidRevoked(kid),
      freshness: () => ({ state: 'fresh', ageMs: 0 }),
    },
    keys: new PublicKeys({ keys: [...ring.publicJwks.keys, ...leaving.publicJwks.keys] }),
    rules: {
      issuer: app.installation.issuer,
      audience: 'offswitch',
      maxTtlS: 3600,
      stalenessMs: 10_000,
      skewMs: 1_000,
    },
    policy: 'strict',
    clock: new SystemClock(),
  });
  return (token) => guard.check(token).kind === 'allow';
}

describe('introspection', () => {
  it('says whose a living token is, and no more of a dead one than that it is dead', async () => {
    const { token, claims } = await enrol();
    const answer = await introspect(token);
    expect(answer).toMatchObject({ status: 200 });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.body).toEqual({ active: true, token_type: 'Bearer', ...claims });
    await revoke('user', claims.sub);
    expect(await introspect(token)).toMatchObject({ status: 200 });
    expect((await introspect(token)).body).toEqual({ active: false });
  });

  it('answers the client that a gateway asks with', async () => {
    const { token, claims } = await enrol();
    const stop = new AbortController().signal;
    const client = (key: string) => new ServiceClient(app.url, new Secret(key));
    expect(await client(gatewayKey).introspect(token, stop)).toBe(true);
    await revoke('device', claims.did);
    expect(await client(gatewayKey).introspect(token, stop)).toBe(false);
    await expect(client('ofs_gateway_nobody').introspect(token, stop)).rejects.toThrow('401');
  });

  it('says, with the token itself, what the organization asks of gateways, from the next refresh on', async () => {
    const change = (body: object) => app.ask('PATCH', `/v1/organizations/${org}`, { body });
    const { refresh, claims } = await enrol();
    expect(claims).not.toHaveProperty('pol');
    expect(await change({ policy: 'lenient' })).toMatchObject({ status: 400 });
    expect(await change({ policy: 'strict' })).toMatchObject({ body: { policy: 'strict' } });
    expect((await change({ name: 'Another' })).body).toMatchObject({ policy: 'strict' });
    const { body } = await app.ask('POST', '/api/v1/device-auth/refresh', {
      key: null,
      body: { refresh_token: refresh },
    });
    expect((await introspect(body.access_token as string)).body).toMatchObject({
      active: true,
      pol: 'strict',
    });
    expect((await enrol()).claims.pol).toBe('strict');
    expect(await change({ policy: null })).toMatchObject({ body: { policy: null } });
    expect((await enrol()).claims).not.toHaveProperty('pol');
    const events = await app.world.query<{ bytes: Buffer }>(
      `select bytes from audit.entry where organization_id = $1 order by at, id`,
      [org],
    );
    const details = events
      .map(({ bytes }) => JSON.parse(bytes.toString()) as { action: string; detail: object })
      .filter(({ action }) => action === 'organization.changed')
      .map(({ detail }) => detail);
    expect(details).toEqual([{ policy: 'strict' }, { renamed: true }, { policy: null }]);
  });

  it('agrees with a guard that knows everything, whatever was revoked and whatever a token says', async () => {
    const people = await Promise.all(Array.from({ length: 6 }, enrol));
    const [kept, held, user, device, family, twice] = people as [
      Enrolled,
      Enrolled,
      Enrolled,
      Enrolled,
      Enrolled,
      Enrolled,
    ];
    await revoke('user', user.claims.sub);
    await revoke('device', device.claims.did);
    await app.ask('POST', '/api/v1/device-auth/revoke', {
      key: null,
      body: { refresh_token: family.refresh, reason: 'given back' },
    });
    await revoke('user', twice.claims.sub);
    await revoke('user', twice.claims.sub);
    // A hold keeps new tokens back. It does not end what has been issued.
    await app.world.query(
      `update subject_generations set holds = '{"admin": {"set_at": "2026-01-01T00:00:00Z", "event_at": "2026-01-01T00:00:00Z", "case": null}}'
        where subject_id = $1`,
      [held.claims.sub],
    );
    const { iat } = kept.claims;
    const variants = (of: AccessTokenClaims): AccessTokenClaims[] => [
      of,
      { ...of, iat: iat - 7200, exp: iat - 3600 },
      { ...of, iat: iat + 600, exp: iat + 1200 },
      { ...of, exp: of.iat + 3601 },
      { ...of, iss: 'urn:offswitch:other' },
      { ...of, aud: 'somebody' },
      ...(['o', 'u', 'd', 'f'] as const).map((scope) => ({
        ...of,
        gen: { ...of.gen, [scope]: of.gen[scope] + 1 },
      })),
    ];
    const stranger = new KeyRing(generatePrivateJwks());
    const tokens = people.flatMap(({ claims }) =>
      variants(claims).flatMap((one) => [
        signAccessToken(one, ring),
        signAccessToken(one, leaving),
        signAccessToken(one, { kid: ring.kid, sign: stranger.sign }),
      ]),
    );
    const agree = async (): Promise<number> => {
      const guard = await perfectGuard();
      const said: boolean[] = [];
      for (let at = 0; at < tokens.length; at += 16) {
        said.push(...(await Promise.all(tokens.slice(at, at + 16).map(isActive))));
      }
      expect(said).toEqual(tokens.map(guard));
      return said.filter(Boolean).length;
    };
    const before = await agree();
    expect(before).toBeGreaterThan(4);
    expect((await introspect(held.token)).body.active).toBe(true);

    await app.ask('POST', '/v1/revocations', {
      body: { subject: { scope: 'kid', id: leaving.kid }, reason: 'leaked' },
    });
    const withoutKey = await agree();
    expect(withoutKey).toBe(before / 2);

    await revoke('org', org);
    expect(await agree()).toBeLessThan(withoutKey);
  });

  it('refuses what only a forger with our key could say: subjects that are not there', async () => {
    const { claims } = await enrol();
    for (const name of ['org', 'sub', 'did', 'fam'] as const) {
      const made = { ...claims, [name]: newId() };
      const token = signAccessToken({ ...made, client_id: made.did }, ring);
      expect((await introspect(token)).body).toEqual({ active: false });
    }
  });

  it('speaks OAuth when it refuses', async () => {
    const { token } = await enrol();
    const good = `token=${token}`;
    const refused = (status: number, error: string) => ({ status, body: { error } });
    expect(await post({ body: good, key: null })).toMatchObject(refused(401, 'invalid_client'));
    const stranger = await post({ body: good, key: `ofs_gateway_${'0'.repeat(32)}_x` });
    expect(stranger).toMatchObject(refused(401, 'invalid_client'));
    expect(stranger.headers.get('www-authenticate')).toMatch(/^Bearer/);
    for (const body of ['', 'token=', `${good}&${good}`, 'access_token=x'])
      expect(await post({ body })).toMatchObject(refused(400, 'invalid_request'));
    const json = await post({ body: JSON.stringify({ token }), type: 'application/json' });
    expect(json).toMatchObject(refused(415, 'invalid_request'));
    expect(await post({ body: `${good}&token_type_hint=access_token&x=y` })).toMatchObject({
      status: 200,
      body: { active: true },
    });
    expect(await post({ body: 'token=%00%ff' })).toMatchObject({ body: { active: false } });
  });

  it('is the first work to be refused, and refuses nothing else', async () => {
    const { token, claims } = await enrol();
    const holder = await app.world.outside.connect();
    await holder.query('begin; lock table revoked_kids in access exclusive mode');
    const answers: Answer[] = [];
    const asked = Array.from({ length: 60 }, async () => answers.push(await introspect(token)));
    await eventually(() => answers.length >= 28);
    for (const answer of answers.slice(0, 28)) {
      expect(answer).toMatchObject({
        status: 503,
        body: { error: 'temporarily_unavailable' },
      });
      expect(answer.headers.get('retry-after')).toMatch(/^\d+$/);
    }
    expect(await revoke('user', claims.sub)).toMatchObject({ status: 201 });
    await holder.query('rollback');
    holder.release();
    await Promise.all(asked);
    expect(await introspect(token)).toMatchObject({ status: 200, body: { active: false } });
  });

  it.each(['cut', 'silent'])('answers 503 while PostgreSQL is away (%s)', async (how) => {
    const { token } = await enrol();
    if (how === 'cut') app.wire.cut();
    else app.wire.silence();
    try {
      expect(await introspect(token)).toMatchObject({
        status: 503,
        body: { error: 'temporarily_unavailable' },
      });
    } finally {
      app.wire.heal();
    }
    await eventually(async () => (await introspect(token)).status === 200);
    expect((await introspect(token)).body.active).toBe(true);
  });
});
