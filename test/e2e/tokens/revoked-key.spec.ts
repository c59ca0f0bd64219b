// P2: dead stays dead. P6: trouble of ours is a 5xx. A token key that is revoked signs nothing, at no replica.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { decodeProtectedHeader } from 'jose';
import { newId } from '../../../src/kernel/ids.js';
import { KeyRing } from '../../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks } from '../../../src/platform/crypto/private-jwks.js';
import { AdminApp, type Answer } from '../../support/admin-app.js';

const [first, second, announced] = Array.from({ length: 3 }, () => generatePrivateJwks().keys[0]!);
/** The last one cannot sign: it is only announced. */
const tokenKeys = {
  keys: [first!, second!, new KeyRing({ keys: [announced!] }).publicJwks.keys[0]!],
};

let app: AdminApp;
let replica: AdminApp;
let org: string;
let key: string;

beforeAll(async () => {
  app = await AdminApp.start({ tokenKeys });
  replica = await AdminApp.start({ tokenKeys, beside: app });
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
