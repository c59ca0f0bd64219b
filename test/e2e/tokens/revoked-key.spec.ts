// P2: dead stays dead. P6: trouble of ours is a 5xx. A token key that is revoked signs nothing, at no replica.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import type { PublicJwk } from '../../../src/contract/lease.js';
import { signedHeaders } from '../../../src/contract/signed-message.js';
import { HEADER } from '../../../src/contract/topics.js';
import { newId } from '../../../src/kernel/ids.js';
import { KeyRing } from '../../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks, type PrivateJwk } from '../../../src/platform/crypto/private-jwks.js';
import { AdminApp, type Answer } from '../../support/admin-app.js';

const [first, second, announced] = Array.from({ length: 3 }, () => generatePrivateJwks().keys[0]!);
/** The last one cannot sign: it is only announced. */
const tokenKeys = {
  keys: [first!, second!, new KeyRing({ keys: [announced!] }).publicJwks.keys[0]!],
};

/** Record keys, and the same after the first of them was withdrawn: the next one signs, and one more is announced. */
const recordKeys = [generatePrivateJwks(), generatePrivateJwks(), generatePrivateJwks()].map(
  ({ keys }) => keys[0]!,
) as [PrivateJwk, PrivateJwk, PrivateJwk];
const WITHDRAWN = { keys: recordKeys.slice(1) };

let app: AdminApp;
let replica: AdminApp;
let org: string;
let key: string;

beforeAll(async () => {
  app = await AdminApp.start({ tokenKeys, recordKeys: { keys: recordKeys.slice(0, 2) } });
  replica = await AdminApp.start({ tokenKeys, recordKeys: WITHDRAWN, beside: app });
  org = await app.organization();
  const made = await app.ask('POST', `/v1/organizations/${org}/api-keys`, {
    body: { name: 'backend', scopes: ['device-tokens:bootstrap'] },
  });
  key = made.body.key as string;
});
afterAll(async () => {
  await replica.leave();
  await app.stop();
});

const call = (
  at: AdminApp,
  deed: string,
  body: object,
  headers: Record<string, string> = {},
): Promise<Answer> => at.ask('POST', `/api/v1/device-auth/${deed}`, { key: null, body, headers });

interface Enrolment {
  readonly device_identifier: string;
  readonly bootstrap: string;
}

/** Somebody whose device is yet to redeem its bootstrap token. */
async function enrolment(): Promise<Enrolment> {
  const device_identifier = `laptop ${newId()}`;
  const { user } = await app.person(org, `${newId()}@example.com`);
  const body = { device_id: device_identifier, user: { id: user } };
  const issued = await call(app, 'token', body, { 'x-api-key': key });
  return { device_identifier, bootstrap: issued.body.bootstrap_token as string };
}

const redeem = (at: AdminApp, { device_identifier, bootstrap }: Enrolment): Promise<Answer> =>
  call(at, 'bootstrap', { device_identifier }, { authorization: `Bearer ${bootstrap}` });
const refresh = (at: AdminApp, refresh_token: string): Promise<Answer> =>
  call(at, 'refresh', { refresh_token });
const kidOf = ({ body }: Answer): unknown => decodeProtectedHeader(body.access_token as string).kid;
const published = async (at: AdminApp): Promise<unknown> =>
  (await at.ask('GET', '/.well-known/jwks.json', { key: null })).body;
const kids = (...keys: { readonly kid: string }[]) => ({
  keys: keys.map(({ kid }) => expect.objectContaining({ kid })),
});
const revoke = (kid: string): Promise<Answer> =>
  app.ask('POST', '/v1/revocations', {
    body: { subject: { scope: 'kid', id: kid }, reason: 'leaked' },
  });
const noKey = { status: 503, body: { code: 'token.no_signing_key' } };

describe('token keys that are revoked one by one', () => {
  let enrolled: Answer;
  let late: Enrolment;

  it('sign, the first of them, while none is revoked', async () => {
    enrolled = await redeem(app, await enrolment());
    late = await enrolment();
    expect(kidOf(enrolled)).toBe(first!.kid);
    expect(await published(replica)).toEqual(kids(first!, second!, announced!));
  });

  it('give way to the next one, at every replica', async () => {
    expect(await revoke(first!.kid)).toMatchObject({ status: 201 });
    for (const at of [app, replica]) {
      enrolled = await refresh(at, enrolled.body.refresh_token as string);
      expect(kidOf(enrolled)).toBe(second!.kid);
      expect(kidOf(await redeem(at, await enrolment()))).toBe(second!.kid);
      expect(await published(at)).toEqual(kids(second!, announced!));
    }
  });

  it('leave a service that mints nothing, uses nothing up, and alarms', async () => {
    expect(await revoke(second!.kid)).toMatchObject({ status: 201 });
    for (const at of [app, replica]) {
      const refused = await refresh(at, enrolled.body.refresh_token as string);
      expect(refused).toMatchObject(noKey);
      expect(refused.headers.get('retry-after')).not.toBeNull();
      expect(await redeem(at, late)).toMatchObject(noKey);
      expect(await published(at)).toEqual(kids(announced!));
      expect(at.lines.join('')).toContain('"alarm":"token_keys_revoked"');
    }
  });

  it('and with a new key at the next start, what was shown works again', async () => {
    const next = generatePrivateJwks();
    const restarted = await AdminApp.start({
      tokenKeys: { keys: [...next.keys, ...tokenKeys.keys] },
      beside: app,
    });
    try {
      expect(restarted.lines.join('')).not.toContain('token_keys_revoked');
      for (const answer of [
        await refresh(restarted, enrolled.body.refresh_token as string),
        await redeem(restarted, late),
      ])
        expect(kidOf(answer)).toBe(next.keys[0]!.kid);
    } finally {
      await restarted.leave();
    }
  });

  it('alarm at a start that finds no other, and deprovisions go on', async () => {
    const restarted = await AdminApp.start({ tokenKeys, beside: app });
    try {
      expect(restarted.lines.join('')).toContain('"alarm":"token_keys_revoked"');
      const { user } = await app.person(org, `${newId()}@example.com`);
      const order = { subject: { scope: 'user', id: user }, reason: 'gone' };
      const path = `/v1/organizations/${org}/revocations`;
      expect(await restarted.ask('POST', path, { body: order })).toMatchObject({ status: 201 });
    } finally {
      await restarted.leave();
    }
  });

  it('are served as they were known last while PostgreSQL is away', async () => {
    replica.wire.cut();
    expect(await published(replica)).toEqual(kids(announced!));
  });
});

describe('record keys, for whoever reads the topics', () => {
  const asked = (at: AdminApp) => fetch(`${at.url}/.well-known/offswitch-record-keys.json`);

  it('are public, may be kept for a while, hold nothing private, and are those of a lease', async () => {
    const answer = await asked(app);
    expect([answer.status, answer.headers.get('cache-control')]).toEqual([
      200,
      'public, max-age=300',
    ]);
    const set = (await answer.json()) as object;
    const [first, second] = recordKeys;
    expect(set).toEqual({
      keys: [first, second].map(({ kid, x }) => ({
        ...{ kty: 'OKP', crv: 'Ed25519', alg: 'EdDSA', use: 'sig' },
        ...{ kid, x },
      })),
    });
    const gateway = await app.ask('POST', '/v1/gateways', { body: { name: newId<string>() } });
    const { keys } = new KeyRing(generatePrivateJwks()).publicJwks;
    const { kty, crv, x, kid } = keys[0]!;
    const lease = await app.ask('PUT', '/v1/gateways/self/lease', {
      key: gateway.body.key as string,
      body: { boot: newId(), version: '1', policy: 'strict', public_key: { kty, crv, x, kid } },
    });
    expect(lease.body.record_keys).toEqual(set);
  });

  it('verify what they signed, by any library, until they are withdrawn; their successor does from before it signs', async () => {
    const [withdrawn, next] = recordKeys.map((key) => new KeyRing({ keys: [key] }));
    const value = Buffer.from('{}');
    const isGood = async (at: AdminApp, by: KeyRing): Promise<boolean> => {
      const headers = signedHeaders('event', value, by.sign);
      const { keys } = (await (await asked(at)).json()) as {
        keys: readonly PublicJwk[];
      };
      const jwk = keys.find(({ kid }) => kid === headers[HEADER.kid]);
      if (jwk === undefined) return false;
      const key = await crypto.subtle.importKey('jwk', { ...jwk }, 'Ed25519', false, ['verify']);
      const signed = Buffer.concat([Buffer.from('offswitch:event:v1\n'), value]);
      const signature = Buffer.from(headers[HEADER.signature]!, 'base64url');
      return crypto.subtle.verify('Ed25519', key, signature, signed);
    };
    expect([await isGood(app, withdrawn!), await isGood(app, next!)]).toEqual([true, true]);
    expect([await isGood(replica, withdrawn!), await isGood(replica, next!)]).toEqual([
      false,
      true,
    ]);
  });

  it('are there while PostgreSQL is away', async () => {
    replica.wire.cut();
    expect((await asked(replica)).status).toBe(200);
    replica.wire.heal();
  });

  it('are not revoked by name: an order to that is answered 404 (ADR 10)', async () => {
    expect(await revoke(recordKeys[0].kid)).toMatchObject({ status: 404 });
  });
});
