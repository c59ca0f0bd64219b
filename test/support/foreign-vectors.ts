import { foreignSubject } from '../../src/contract/foreign-subject.js';
import type { ForeignIssuer } from '../../src/contract/lease.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';
import { fakeId, onTheTopic, recordOf, START, writerOf } from './fake-installation.js';
import { FakeKey } from './fake-keys.js';

const KEY = new FakeKey('fake-idp-key');
const STRANGER = new FakeKey('fake-stranger-key');
const NOW_S = START / 1000;
const ORG = fakeId(0x1d);

const publicPart = ({ jwk: { kty, crv, x, kid } }: FakeKey) => ({ kty, crv, x, kid });

const issuerOf = (n: number, fields: Partial<ForeignIssuer> = {}): ForeignIssuer => ({
  id: fakeId(n),
  org: ORG,
  issuer: 'https://idp.example',
  audience: 'api://things',
  jwks_url: null,
  jwks: { keys: [publicPart(KEY)] },
  max_ttl_s: 3_600,
  not_before: NOW_S - 3_000,
  folds_sub: false,
  policy: null,
  ...fields,
});

const folding = { issuer: 'https://names.example', audience: 'api://names', folds_sub: true };
const ended = { issuer: 'https://ended.example', audience: 'api://ended' };

const ISSUERS = [
  issuerOf(0x61),
  issuerOf(0x62, { audience: 'api://others', org: fakeId(0x1e) }),
  issuerOf(0x63, folding),
  issuerOf(0x64, ended),
];

/** Bo left five seconds ago by both issuers, and everybody of the last one with them. */
const revoked = () => {
  const writer = writerOf();
  const names = [
    ['https://idp.example', 'bo'],
    [folding.issuer, 'bo@example.com'],
    [ended.issuer, ''],
  ] as const;
  return names.map(([issuer, sub]) =>
    recordOf(writer, 0, {
      ...{ scope: 'ext', org: ORG, subject: foreignSubject(issuer, sub, sha256) },
      not_before: NOW_S - 5,
    }),
  );
};

const CLAIMS = {
  iss: 'https://idp.example',
  aud: 'api://things',
  sub: 'ada',
  iat: NOW_S - 60,
  exp: NOW_S + 840,
};
const token = (fields: object = {}, header: Record<string, unknown> = {}): string =>
  KEY.jwt({ ...CLAIMS, ...fields }, header);
const names = (sub: string, iat = NOW_S - 60) =>
  token({ iss: folding.issuer, aud: folding.audience, sub, iat });

const CASES: readonly (readonly [string, 'allow' | 'deny' | 'unsure', string])[] = [
  ['a good one', 'allow', token()],
  ['its audience among others', 'allow', token({ aud: ['x', 'api://things'] })],
  ['typ JWT, or none', 'allow', token({}, { typ: 'JWT' })],
  ['the second after the revocation', 'allow', token({ sub: 'bo', iat: NOW_S - 4 })],
  ['the second of the revocation', 'deny', token({ sub: 'bo', iat: NOW_S - 5 })],
  ['a part of that second', 'deny', token({ sub: 'bo', iat: NOW_S - 4.5 })],
  ['before the revocation', 'deny', token({ sub: 'bo' })],
  ['another spelling of a name that is folded', 'deny', names('Bo@Example.com')],
  ['another name', 'allow', names('Ada@Example.com')],
  ['another spelling where names are not folded', 'allow', token({ sub: 'BO' })],
  ['the same person of another organization', 'allow', token({ sub: 'bo', aud: 'api://others' })],
  ['everybody of its issuer is revoked', 'deny', token({ iss: ended.issuer, aud: ended.audience })],
  ['issued when the issuer was registered', 'deny', token({ iat: NOW_S - 3_000, exp: NOW_S + 1 })],
  ['issued after that', 'allow', token({ iat: NOW_S - 2_999, exp: NOW_S + 1 })],
  ['audiences of two organizations', 'deny', token({ aud: ['api://things', 'api://others'] })],
  ['another audience', 'deny', token({ aud: 'api://names' })],
  ['an issuer that nobody registered', 'deny', token({ iss: 'https://idp.example/' })],
  ['it lives longer than it may', 'deny', token({ exp: NOW_S + 3_541 })],
  ['expired', 'deny', token({ exp: NOW_S })],
  ['it begins beyond the skew', 'deny', token({ iat: NOW_S + 2 })],
  ['it begins later than it was issued', 'deny', token({ nbf: NOW_S + 2 })],
  ['nobody', 'deny', token({ sub: '' })],
  ['a name that would break a header', 'deny', token({ sub: 'ada\r\nx: y' })],
  ['no iat', 'deny', token({ iat: undefined })],
  ['an ID token’s type for something else', 'deny', token({}, { typ: 'logout+jwt' })],
  ['an algorithm that is not allowed', 'deny', token({}, { alg: 'HS256' })],
  ['an algorithm that its key is not for', 'unsure', token({}, { alg: 'ES256' })],
  ['a key that nobody knows', 'unsure', STRANGER.jwt(CLAIMS)],
  ['another key under the name', 'deny', STRANGER.jwt(CLAIMS, { kid: KEY.kid })],
  ['it brings its own key', 'deny', STRANGER.jwt(CLAIMS, { jwk: publicPart(STRANGER) })],
];

/** Tokens of foreign issuers, what is known at the time, and what a gateway with a fresh view says. */
export const foreignVectors = () => ({
  now: new Date(START).toISOString(),
  max_clock_skew_ms: 1_000,
  foreign_issuers: ISSUERS,
  revoked: revoked().map(onTheTopic),
  cases: CASES.map(([name, verdict, jwt]) => ({ name, verdict, token: jwt })),
});
