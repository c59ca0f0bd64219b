// P9: an unverifiable signature is refused.
import { createHash, createHmac, createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Proof } from '../../../../src/signals/authenticate/authenticate.js';
import { standardWebhooks } from '../../../../src/signals/authenticate/standard-webhooks.js';
import { webhook } from '../fixtures.js';

interface Attempt {
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: string | Uint8Array;
  readonly secrets?: readonly string[];
  readonly publicKey?: string | null;
  readonly at: number;
}
const bytesOf = (prefix: string, text: string): Buffer =>
  Buffer.from(text.replace(prefix, ''), 'base64');
const check = ({ headers, body, secrets = [], publicKey = null, at }: Attempt): Proof =>
  standardWebhooks(
    {
      header: (name) => [headers[name] ?? []].flat(),
      body: Buffer.from(body as string),
      receivedAt: new Date(at * 1000),
    },
    {
      accepts: () => false,
      hmacKeys: secrets.map((secret) => bytesOf('whsec_', secret)),
      publicKey: publicKey === null ? null : bytesOf('whpk_', publicKey),
    },
  );

// The vectors of the specification's own libraries at standard-webhooks/standard-webhooks:
// libraries/javascript/src/webhook.test.ts "sign function works", libraries/go/webhook_asymmetric_test.go
// TestAsymmetricWebhookSign (whose 32-byte seed is written out here).
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
const AT = 1614265330;
const BODY = '{"test": 2432232314}';
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
const V1 = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
const V1A =
  'v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag==';
const SEED = Buffer.from('VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk=', 'base64');
const privateKey = createPrivateKey({
  key: Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), SEED]),
  format: 'der',
  type: 'pkcs8',
});
const PUBLIC = `whpk_${Buffer.from(
  createPublicKey(privateKey).export({ format: 'jwk' }).x!,
  'base64url',
).toString('base64')}`;

const headersWith = (signature: string | readonly string[], more = {}): Attempt['headers'] => ({
  'webhook-id': ID,
  'webhook-timestamp': String(AT),
  'webhook-signature': signature,
  ...more,
});
/** The key of a delivery names what it says, too. */
const KEY = `${ID}.${createHash('sha256').update(BODY).digest('base64url')}`;
const proven = { kind: 'proven', id: KEY, sentAt: new Date(AT * 1000) };

describe('the published vectors', () => {
  it('proves HMAC', () => {
    expect(check({ headers: headersWith(V1), body: BODY, secrets: [SECRET], at: AT })).toEqual(
      proven,
    );
  });

  it('proves ed25519', () => {
    expect(check({ headers: headersWith(V1A), body: BODY, publicKey: PUBLIC, at: AT })).toEqual(
      proven,
    );
  });

  it.each([
    'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=',
    'v1a,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=',
    'v1,dawfeoifkpqwoekfpqoekf',
    'v1,',
    'v1a,',
    V1.slice(0, 8),
    '',
    V1.replace('v1,', 'v2,'),
    V1.replace('v1,', 'v1a,'),
    V1A.replace('v1a,', 'v1,'),
  ])('does not prove %j', (signature) => {
    const keys = { secrets: [SECRET], publicKey: PUBLIC };
    expect(check({ headers: headersWith(signature), body: BODY, ...keys, at: AT })).toEqual({
      kind: 'unproven',
      code: 'signal.unverified',
      why: 'webhook-signature: none of them is right',
    });
  });
});

describe('rotation', () => {
  const others = [
    'v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=',
    'v2,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=',
  ];

  it('finds the good one among several signatures, and passes over versions that it does not know', () => {
    const headers = headersWith([...others, V1, others[0]].join(' '));
    expect(check({ headers, body: BODY, secrets: [SECRET], at: AT })).toEqual(proven);
  });

  it('takes either of two living secrets', () => {
    const older = `whsec_${Buffer.from('an-older-secret-for-tests-only-0').toString('base64')}`;
    expect(
      check({ headers: headersWith(V1), body: BODY, secrets: [older, SECRET], at: AT }),
    ).toEqual(proven);
  });

  it('gives up on a field stuffed with signatures', () => {
    const stuffed = [...Array<string>(16).fill(others[0]!), V1].join(' ');
    expect(
      check({ headers: headersWith(stuffed), body: BODY, secrets: [SECRET], at: AT }).kind,
    ).toBe('unproven');
  });
});

describe('time', () => {
  it.each([-300, -1, 0, 1, 300])('is good %d s away', (seconds) => {
    expect(
      check({ headers: headersWith(V1), body: BODY, secrets: [SECRET], at: AT + seconds }).kind,
    ).toBe('proven');
  });

  it.each([-301, 301, 100_000])('is stale %d s away, in the past and in the future', (seconds) => {
    expect(
      check({ headers: headersWith(V1), body: BODY, secrets: [SECRET], at: AT + seconds }),
    ).toEqual({
      kind: 'stale',
      id: KEY,
    });
  });

  it('does not make a wrong signature stale', () => {
    const headers = headersWith('v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc=');
    expect(check({ headers, body: BODY, secrets: [SECRET], at: AT + 100_000 }).kind).toBe(
      'unproven',
    );
  });

  it.each([
    'hello',
    '1614265330abc',
    '1614265330.9',
    '-1614265330',
    ' 1614265330',
    '1e9',
    '',
    '9'.repeat(13),
  ])('must be whole seconds, not %j', (text) => {
    const headers = headersWith(V1, { 'webhook-timestamp': text });
    expect(check({ headers, body: BODY, secrets: [SECRET], at: AT })).toEqual({
      kind: 'unproven',
      code: 'signal.unverified',
      why: expect.stringMatching(/^webhook-/),
    });
  });
});

describe('what is signed', () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const signed = (message: string | Buffer): string =>
    `v1,${createHmac('sha256', Buffer.alloc(32, 7)).update(message).digest('base64')}`;

  it('may not be split anew: an id holds no full stop', () => {
    const headers = {
      'webhook-id': `a.${AT}`,
      'webhook-timestamp': String(AT),
      'webhook-signature': signed(`a.${AT}.${AT}.1`),
    };
    expect(check({ headers, body: '1', secrets: [secret], at: AT })).toEqual({
      kind: 'unproven',
      code: 'signal.unverified',
      why: expect.stringMatching(/^webhook-/),
    });
  });

  it('are the bytes as they came, also where they are no UTF-8', () => {
    const body = Buffer.from([0x7b, 0xff, 0x7d]);
    const signature = signed(Buffer.concat([Buffer.from(`${ID}.${AT}.`), body]));
    expect(check({ headers: headersWith(signature), body, secrets: [secret], at: AT }).kind).toBe(
      'proven',
    );
    const other = Buffer.from([0x7b, 0xfe, 0x7d]);
    expect(
      check({ headers: headersWith(signature), body: other, secrets: [secret], at: AT }).kind,
    ).toBe('unproven');
  });

  it.each(['webhook-id', 'webhook-timestamp', 'webhook-signature'])('needs %s, once', (name) => {
    const { [name]: value, ...without } = headersWith(V1);
    expect(check({ headers: without, body: BODY, secrets: [SECRET], at: AT })).toEqual({
      kind: 'unproven',
      code: 'credential.missing',
      why: expect.any(String),
    });
    const twice = { ...headersWith(V1), [name]: [value as string, value as string] };
    expect(check({ headers: twice, body: BODY, secrets: [SECRET], at: AT })).toEqual({
      kind: 'unproven',
      code: 'signal.unverified',
      why: 'a webhook field stands twice',
    });
  });

  it('is never proven by a key that the connection does not hold', () => {
    expect(check({ headers: headersWith(`${V1} ${V1A}`), body: BODY, at: AT }).kind).toBe(
      'unproven',
    );
  });

  it('is never proven by nonsense, and nonsense never throws', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.string(),
        fc.uint8Array(),
        (id, timestamp, signature, body) => {
          const headers = {
            'webhook-id': id,
            'webhook-timestamp': timestamp,
            'webhook-signature': signature,
          };
          const keys = { secrets: [SECRET], publicKey: PUBLIC };
          expect(check({ headers, body, ...keys, at: AT }).kind).toBe('unproven');
        },
      ),
    );
  });

  it('is never proven after one bit of it has changed', () => {
    const signature = `v1a,${sign(null, Buffer.from(`${ID}.${AT}.${BODY}`), privateKey).toString('base64')}`;
    fc.assert(
      fc.property(fc.nat(BODY.length * 8 - 1), fc.constantFrom(V1, signature), (bit, one) => {
        const body = Buffer.from(BODY);
        body[bit >> 3] = body[bit >> 3]! ^ (1 << (bit & 7));
        const keys = { secrets: [SECRET], publicKey: PUBLIC };
        expect(check({ headers: headersWith(one), body, ...keys, at: AT }).kind).toBe('unproven');
      }),
    );
  });
});

it.each([
  'user-deprovisioned',
  'user-deprovisioned-ed25519',
  'user-deprovisioned-rotating',
  'invoice-paid',
])('the recorded request %s is proven', (name) => {
  const { headers, body, secret, public_key } = webhook(name);
  const at = Number(headers['webhook-timestamp']);
  expect(check({ headers, body, secrets: [secret], publicKey: public_key, at }).kind).toBe(
    'proven',
  );
});
