// P3: what gateways answer closes the case. P7: gateways belong to the installation. P9: nobody leases with a bad key.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/kernel/ids.js';
import { KeyRing } from '../../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks } from '../../../src/platform/crypto/private-jwks.js';
import { eventually } from '../../support/eventually.js';
import type { RunningGateway } from '../../support/running-gateway.js';
import { bearer, RunningService, type Answered } from '../../support/running-service.js';

let service: RunningService;
let gateways: RunningGateway[];
let organization: string;
let apiKey: string;
let scimKey: string;

beforeAll(async () => {
  service = await RunningService.start();
  gateways = [await service.gateway(), await service.gateway()];
  organization = (await service.admin('POST', '/v1/organizations', { name: 'Example' })).body.id;
  const of = `/v1/organizations/${organization}`;
  const scopes = ['device-tokens:bootstrap'];
  apiKey = (await service.admin('POST', `${of}/api-keys`, { name: 'backend', scopes })).body.key;
  const connection = { kind: 'scim', name: 'an IdP' };
  scimKey = (await service.admin('POST', `${of}/connections`, connection)).body.secret;
  await eventually(() => gateways.every(({ state }) => state === 'fresh'));
}, 90_000);

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await service.stop();
});

const scim = (method: string, path: string, body: unknown): Promise<Answered> =>
  service.ask(method, `/scim/v2${path}`, { headers: bearer(scimKey), body });

async function enrolled(): Promise<{ readonly user: string; readonly token: string }> {
  const user = (
    await scim('POST', '/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: `${newId()}@example.com`,
      active: true,
    })
  ).body.id as string;
  const device = newId();
  const bootstrap = await service.ask('POST', '/api/v1/device-auth/token', {
    headers: { 'x-api-key': apiKey },
    body: { device_id: device, user: { id: user } },
  });
  const redeemed = await service.ask('POST', '/api/v1/device-auth/bootstrap', {
    headers: bearer(bootstrap.body.bootstrap_token as string),
    body: { device_identifier: device },
  });
  return { user, token: redeemed.body.access_token as string };
}

describe('a lease', () => {
  const request = (fields: object = {}) => ({
    boot: newId(),
    version: '1.2.3',
    policy: 'strict',
    public_key: new KeyRing(generatePrivateJwks()).publicJwks.keys[0],
    ...fields,
  });
  const lease = (headers: Readonly<Record<string, string>>, body: unknown = request()) =>
    service.ask('PUT', '/v1/gateways/self/lease', { headers, body });
  let key: string;
  let id: string;
  beforeAll(async () => {
    ({ key, id } = (await service.admin('POST', '/v1/gateways', { name: newId() })).body);
  });
  // From its lease on a process counts, and these will never answer.
  afterAll(() => service.admin('DELETE', `/v1/gateways/${id}`));

  it('tells a gateway where everything is', async () => {
    const { status, body } = await lease(bearer(key));
    expect(status).toBe(200);
    expect(Object.keys(body).sort()).toEqual(
      [
        'audience',
        'epoch',
        'foreign_issuers',
        'id',
        'installation',
        'issuer',
        'jwks_url',
        'kafka',
        'lease_until',
        'max_clock_skew_ms',
        'max_ttl_s',
        'partitions',
        'record_keys',
        'staleness_ms',
        'window_s',
      ].sort(),
    );
    const jwks = await (await fetch(body.jwks_url as string)).json();
    expect(jwks).toMatchObject({ keys: [{ kty: 'OKP' }, { kty: 'OKP' }] });
    expect(JSON.stringify(body.record_keys)).not.toContain('"d"');
  });

  it.each([
    ['no key', () => ({}), 'credential.missing'],
    ['a key that is none', () => bearer('ofs_gateway_nonsense'), 'credential.invalid'],
    ['an admin key', () => bearer(service.adminKey), 'credential.invalid'],
    ['a SCIM secret', () => bearer(scimKey), 'credential.invalid'],
  ])('is refused for %s', async (_, headers, code) => {
    await expect(lease(headers())).resolves.toMatchObject({ status: 401, body: { code } });
  });

  it.each<[string, object, string]>([
    ['a boot that is no UUID', { boot: 'one' }, 'request.invalid_value'],
    ['an unknown policy', { policy: 'lenient' }, 'request.invalid_value'],
    ['no public key', { public_key: undefined }, 'request.invalid_value'],
    ['a public key of another kind', { public_key: { kty: 'RSA' } }, 'request.invalid_value'],
    ['a public key that is an empty list', { public_key: [] }, 'request.invalid_value'],
    [
      'a list of public keys',
      { public_key: [new KeyRing(generatePrivateJwks()).publicJwks.keys[0]] },
      'request.invalid_value',
    ],
    ['a field that nobody knows', { more: 1 }, 'request.unknown_field'],
  ])('is refused for %s', async (_, fields, code) => {
    const answer = await lease(bearer(key), request(fields));
    expect(answer).toMatchObject({ status: 400, body: { code } });
  });

  it('is refused to a private key: it has no business here', async () => {
    const public_key = generatePrivateJwks().keys[0];
    const answer = await lease(bearer(key), request({ public_key }));
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.unknown_field' } });
  });

  it('is refused when PostgreSQL could not store its text', async () => {
    const answer = await lease(bearer(key), request({ version: 'a\u0000b' }));
    expect(answer.status).toBe(400);
  });
});

describe('a deprovision', () => {
  it('becomes an enforced case when all gateways have applied it, in the order of its timeline', async () => {
    const { user, token } = await enrolled();
    await eventually(() => gateways.every((gateway) => gateway.outcome(token) === 'allow'));
    await scim('PATCH', `/Users/${user}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'active', value: 'False' }],
    });
    await eventually(() => gateways.every((gateway) => gateway.outcome(token).startsWith('deny')));
    const list = `/v1/organizations/${organization}/cases?user=${user}`;
    const found = (await service.admin('GET', list)).body.items[0].id as string;
    const one = async () =>
      (await service.admin('GET', `/v1/organizations/${organization}/cases/${found}`)).body;
    await eventually(async () => (await one()).state === 'enforced');
    const { timeline, records, gateways: answered } = await one();
    expect(records).toEqual([
      { digest: expect.any(String), partition: expect.any(Number), offset: expect.any(Number) },
    ]);
    expect(answered).toHaveLength(2);
    for (const { state, applied_at } of answered) {
      expect(state).toBe('applied');
      expect(applied_at >= timeline.revoked_at).toBe(true);
    }
    const { received_at, revoked_at, committed_at, broker_acked_at } = timeline;
    const order = [received_at, revoked_at, committed_at, broker_acked_at];
    expect(order.toSorted()).toEqual(order);
    expect(timeline.last_enforced_at >= timeline.first_enforced_at).toBe(true);
    const listed = await service.admin('GET', `${list}&state=enforced`);
    expect(listed.body.items).toHaveLength(1);
    expect((await service.admin('GET', `${list}&state=open`)).body.items).toEqual([]);
  }, 60_000);

  it('answers those who wait for its case when the last gateway has applied it', async () => {
    const { user, token } = await enrolled();
    const response = await fetch(`${service.url}/v1/organizations/${organization}/revocations`, {
      method: 'POST',
      headers: {
        ...bearer(service.adminKey),
        'content-type': 'application/json',
        prefer: 'wait=50',
      },
      body: JSON.stringify({ subject: { scope: 'user', id: user }, reason: 'left' }),
    });
    expect(response.status).toBe(201);
    const made = (await response.json()) as { id: string };
    expect(made).toMatchObject({
      state: 'enforced',
      gateways: [{ state: 'applied' }, { state: 'applied' }],
    });
    expect(gateways.every((gateway) => gateway.outcome(token).startsWith('deny'))).toBe(true);
    const one = `/v1/organizations/${organization}/cases/${made.id}?wait=enforced`;
    expect((await service.admin('GET', one)).body).toEqual(made);
  }, 60_000);

  it('waits for no best-effort gateway that has ended and said so', async () => {
    const lenient = await service.gateway({ policy: 'best-effort' });
    await eventually(() => lenient.state === 'fresh');
    await lenient.stop();
    const { user } = await enrolled();
    const made = await service.admin('POST', `/v1/organizations/${organization}/revocations`, {
      subject: { scope: 'user', id: user },
      reason: 'left',
    });
    const one = `/v1/organizations/${organization}/cases/${made.body.id}?wait=enforced`;
    expect((await service.admin('GET', one)).body).toMatchObject({
      state: 'enforced',
      gateways: [{ state: 'applied' }, { state: 'applied' }],
    });
  }, 60_000);

  it('shows in the numbers that operators watch', async () => {
    const text = await (await fetch(`${service.url}/metrics`)).text();
    for (const name of [
      'offswitch_request_to_commit_seconds_count',
      'revocation_commit_to_ack_seconds_count',
      'outbox_oldest_age_seconds',
      'unconfirmed_gateways',
      'offswitch_receipts_taken_total',
      'offswitch_watermark_time_seconds{partition="0"}',
    ])
      expect(text).toContain(`${name} `);
    // Two gateways have answered for each revocation of the tests before, and one has come and gone.
    const counts = [
      ...text.matchAll(/^revocation_end_to_end_seconds_count\{gateway="gateway-[^"]+"\} (\d+)$/gm),
    ];
    expect(counts.filter(([, count]) => Number(count) >= 2).length).toBeGreaterThanOrEqual(2);
    const health = await service.ask('GET', '/health/ready');
    expect(health).toMatchObject({
      status: 200,
      body: { publisher: { topics: 'ready', set_aside: 0 } },
    });
  });
});

describe('a signing key that is revoked', () => {
  it('signs nothing that any gateway accepts, and stands in every watermark', async () => {
    const jwks = await service.ask('GET', '/.well-known/jwks.json');
    const kid = jwks.body.keys[0].kid as string;
    const { token } = await enrolled();
    await eventually(() => gateways.every((gateway) => gateway.outcome(token) === 'allow'));
    const order = { subject: { scope: 'kid', id: kid }, reason: 'leaked' };
    const first = await service.admin('POST', '/v1/revocations', order);
    expect(first).toMatchObject({
      status: 201,
      body: { org: '*', subject: { scope: 'kid', id: kid }, generation: null, user: null },
    });
    await eventually(() => gateways.every((gateway) => gateway.outcome(token).startsWith('deny')));
    const again = await service.admin('POST', '/v1/revocations', order);
    expect(again.body.id).toBe(first.body.id);
    const lists = async () =>
      service.world.query<{ kids: string[] }>(
        `select convert_from(value, 'UTF8')::jsonb -> 'kids' as kids from watermark_heads`,
      );
    await eventually(async () => (await lists()).every(({ kids }) => kids.includes(kid)));
  }, 60_000);
});
