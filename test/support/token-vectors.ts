import { createHmac } from 'node:crypto';
import { fakeId, onTheTopic, recordOf, START, writerOf } from './fake-installation.js';
import { FakeKey } from './fake-keys.js';

const KEY = new FakeKey('fake-token-key');
const LEAKED = new FakeKey('fake-leaked-key');
const STRANGER = new FakeKey('fake-stranger-key');
const NOW_S = START / 1000;

const CLAIMS = {
  iss: 'urn:offswitch:test',
  aud: 'offswitch',
  sub: fakeId(0x2a),
  client_id: fakeId(0x3a),
  did: fakeId(0x3a),
  org: fakeId(0x1a),
  fam: fakeId(0x4a),
  jti: 'fake-1',
  iat: NOW_S - 60,
  exp: NOW_S + 840,
  scope: 'read write',
  gen: { o: 3, u: 3, d: 3, f: 3 },
};
const GEN = CLAIMS.gen;

const revoked = () => {
  const writer = writerOf();
  const generation = 4;
  return [
    recordOf(writer, 0x1b, { scope: 'org', generation }),
    recordOf(writer, 0x2b, { generation }),
    recordOf(writer, 0x3b, { scope: 'device', generation }),
    recordOf(writer, 0x4b, { scope: 'family', generation }),
    recordOf(writer, 0, { scope: 'kid', subject: LEAKED.kid, not_before: NOW_S - 5 }),
  ];
};

const token = (fields: object = {}, header: Record<string, unknown> = {}): string =>
  KEY.jwt({ ...CLAIMS, ...fields }, header);
const good = token();
const [head = '', payload = '', signature = ''] = good.split('.');
const hmac = (signed: string): string =>
  createHmac('sha256', KEY.jwk.x).update(signed).digest('base64url');
const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const confused = `${part({ alg: 'HS256', typ: 'at+jwt', kid: KEY.kid })}.${payload}`;
/** The last of 86 letters carries two bits; the others must be zero. */
const respelt = good.slice(0, -1) + String.fromCharCode(good.charCodeAt(good.length - 1) + 1);
const device = { sub: CLAIMS.did, gen: { ...GEN, u: 0 } };
const other = (n: number) => fakeId(n);
const deviceOf = (n: number) => ({ did: other(n), client_id: other(n) });

type Verdict = 'allow' | 'deny' | 'unsure';
const CASES: readonly (readonly [string, Verdict, string])[] = [
  ['a good one', 'allow', good],
  ['a device without an owner', 'allow', token(device)],
  ['a policy of its organization', 'allow', token({ pol: 'balanced' })],
  ['a policy that is not known counts as strict', 'allow', token({ pol: 'paranoid' })],
  ['no scopes', 'allow', token({ scope: '' })],
  ['it begins within the skew', 'allow', token({ iat: NOW_S + 1 })],
  ['it lives as long as it may', 'allow', token({ iat: NOW_S - 1, exp: NOW_S + 3_599 })],
  [
    'the generation that a revocation asks for',
    'allow',
    token({ sub: other(0x2b), gen: { ...GEN, u: 4 } }),
  ],
  ['its organization is revoked', 'deny', token({ org: other(0x1b) })],
  ['its user is revoked', 'deny', token({ sub: other(0x2b) })],
  ['its device is revoked', 'deny', token(deviceOf(0x3b))],
  [
    'its device is revoked, and nobody owns it',
    'deny',
    token({ ...device, ...deviceOf(0x3b), sub: other(0x3b) }),
  ],
  ['its family is revoked', 'deny', token({ fam: other(0x4b) })],
  ['a user with the id of a revoked device', 'allow', token({ sub: other(0x3b) })],
  ['a revoked key signed it', 'deny', LEAKED.jwt(CLAIMS)],
  ['a key that nobody knows', 'unsure', STRANGER.jwt(CLAIMS)],
  [
    'a key that nobody knows under the name of ours',
    'deny',
    STRANGER.jwt(CLAIMS, { kid: KEY.kid }),
  ],
  ['expired', 'deny', token({ exp: NOW_S })],
  ['it begins beyond the skew', 'deny', token({ iat: NOW_S + 2 })],
  ['it lives longer than it may', 'deny', token({ iat: NOW_S - 1, exp: NOW_S + 3_600 })],
  ['it ends before it begins', 'deny', token({ exp: NOW_S - 61 })],
  ['it may be used later than it was issued', 'deny', token({ nbf: NOW_S - 59 })],
  ['another issuer', 'deny', token({ iss: 'urn:offswitch:other' })],
  ['another audience', 'deny', token({ aud: 'other' })],
  ['a list of audiences', 'deny', token({ aud: ['offswitch'] })],
  ['a client that is not the device', 'deny', token({ client_id: other(0x3c) })],
  ['an id in capitals', 'deny', token({ org: other(0x1a).toUpperCase() })],
  ['an id that is none', 'deny', token({ sub: 'ada' })],
  ['no name of its own', 'deny', token({ jti: '' })],
  ['a scope that would break a header', 'deny', token({ scope: 'read\r\nwrite' })],
  ['a time that is a text', 'deny', token({ exp: String(NOW_S + 840) })],
  ['no generations', 'deny', token({ gen: undefined })],
  ['a scope without its generation', 'deny', token({ gen: { o: 3, u: 3, d: 3 } })],
  ['a generation that is a text', 'deny', token({ gen: { ...GEN, u: '3' } })],
  ['a generation that is no integer', 'deny', token({ gen: { ...GEN, u: 3.5 } })],
  ['nobody owns it, and yet a user’s generation', 'deny', token({ sub: CLAIMS.did })],
  ['another type', 'deny', token({}, { typ: 'JWT' })],
  ['another algorithm', 'deny', token({}, { alg: 'Ed25519' })],
  ['it brings its own key', 'deny', token({}, { jwk: STRANGER.jwk })],
  ['it says where its key is', 'deny', token({}, { jku: 'https://attacker.example/keys' })],
  ['an extension that must be understood', 'deny', token({}, { crit: ['exp'] })],
  ['no key is named', 'deny', token({}, { kid: undefined })],
  ['an HMAC with the public key', 'deny', `${confused}.${hmac(confused)}`],
  ['no signature', 'deny', `${part({ alg: 'none', typ: 'at+jwt', kid: KEY.kid })}.${payload}.`],
  [
    'another payload under a good signature',
    'deny',
    `${head}.${part({ ...CLAIMS, org: other(0x1c) })}.${signature}`,
  ],
  ['another spelling of the signature', 'deny', respelt],
  ['padding', 'deny', `${good}=`],
  ['no token', 'deny', 'nonsense'],
];

/** Tokens, what is known at the time, and what a gateway with a fresh view says. */
export const tokenVectors = () => ({
  now: new Date(START).toISOString(),
  rules: { issuer: CLAIMS.iss, audience: CLAIMS.aud, max_ttl_s: 3_600, max_clock_skew_ms: 1_000 },
  jwks: { keys: [KEY, LEAKED].map(({ jwk: { kty, crv, x, kid } }) => ({ kty, crv, x, kid })) },
  revoked: revoked().map(onTheTopic),
  cases: CASES.map(([name, verdict, jwt]) => ({ name, verdict, token: jwt })),
});
