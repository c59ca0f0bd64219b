// P2: dead stays dead; P9: fail closed. Tokens of issuers that are not us.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { foreignSubject } from '../../../src/contract/foreign-subject.js';
import type { ForeignIssuer, Lease, Policy } from '../../../src/contract/lease.js';
import { readForeignJwks } from '../../../src/contract/read-foreign-jwks.js';
import { sha256 } from '../../../src/gateway/crypto/digest.js';
import { PublicKeys } from '../../../src/gateway/crypto/public-keys.js';
import { ForeignTokens } from '../../../src/gateway/foreign/foreign-tokens.js';
import { createGuard, type UseAfterRevoke, type Word } from '../../../src/gateway/guard.js';
import { Streams, type Closing } from '../../../src/gateway/streams/streams.js';
import { Resolver } from '../../../src/gateway/resolver.js';
import type { Freshness } from '../../../src/gateway/view/freshness.js';
import { newId } from '../../../src/kernel/ids.js';
import { TokenMint } from '../../support/access-tokens.js';
import { FakeClock } from '../../support/fake-clock.js';
import { FOREIGN, foreignClaims, ForeignKey, foreignIssuer } from '../../support/foreign-idp.js';
import { SettableView } from '../../support/settable-view.js';
import { TopicWriter } from '../../support/topic-writer.js';

const OURS = 'urn:offswitch:test';
const NOW_S = new FakeClock().now().getTime() / 1000;
const KEY = new ForeignKey();
const RSA = new ForeignKey('RS256');
const OTHER = new ForeignKey();
const ISSUER = foreignIssuer({ jwks: { keys: [KEY.jwk, RSA.jwk] } });
const mint = new TokenMint();

class Scene {
  readonly view = new SettableView();
  readonly clock = new FakeClock();
  readonly uses: UseAfterRevoke[] = [];
  readonly failures: unknown[] = [];
  readonly fetched: string[] = [];
  /** What the address of an issuer's keys answers. */
  sets: () => Promise<unknown> = () => Promise.reject(new Error('away'));
  introspected = 0;
  readonly foreign: ForeignTokens;
  readonly guard;
  readonly resolver: Resolver;

  constructor(issuers: readonly ForeignIssuer[] = [ISSUER], policy: Policy = 'strict') {
    const { clock, view } = this;
    this.foreign = new ForeignTokens({
      clock,
      fetch: (url) => {
        this.fetched.push(url);
        return this.sets();
      },
      onFailure: (error) => this.failures.push(error),
      cacheSize: 8,
    });
    this.learn(...issuers);
    this.guard = createGuard({
      view,
      keys: new PublicKeys({ keys: [mint.jwk] }),
      foreign: this.foreign,
      rules: {
        issuer: OURS,
        audience: 'offswitch',
        maxTtlS: 3600,
        stalenessMs: 10_000,
        skewMs: 1_000,
      },
      policy,
      clock,
      onUseAfterRevoke: (use) => this.uses.push(use),
    });
    this.resolver = new Resolver({
      guard: this.guard,
      introspect: () => {
        this.introspected += 1;
        return Promise.resolve(false);
      },
      refreshKeys: async (id) => id !== null && this.foreign.refreshKeys(id),
      onFailure: (error) => this.failures.push(error),
    });
  }

  learn(...issuers: readonly ForeignIssuer[]): void {
    this.foreign.learn({ issuer: OURS, foreign_issuers: issuers } as unknown as Lease);
  }

  outcome(token: string): string {
    const verdict = this.guard.check(token);
    if ('reason' in verdict) return `${verdict.kind}: ${verdict.reason}`;
    return verdict.isStale ? `${verdict.kind} stale` : verdict.kind;
  }

  async resolved(token: string): Promise<string> {
    const doubt = this.guard.check(token);
    if (doubt.kind !== 'unsure') throw new Error(doubt.kind);
    const verdict = await this.resolver.resolve(doubt);
    if ('reason' in verdict) return `${verdict.kind}: ${verdict.reason}`;
    return verdict.isStale ? `${verdict.kind} stale` : verdict.kind;
  }

  revoke(notBefore: number, sub = 'ada', issuer = ISSUER): void {
    const subject = foreignSubject(issuer.issuer, sub, sha256);
    const fields = { scope: 'ext', subject, org: issuer.org, not_before: notBefore } as const;
    this.view.generations.apply(new TopicWriter().record(fields).record);
  }
}

/** Whatever was asked for has been answered. */
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const token = (fields: Record<string, unknown> = {}): string =>
  KEY.token(foreignClaims(NOW_S, fields));

describe('a token of a foreign issuer', () => {
  it('is let in, with what it says and the organization of the registration', () => {
    const { guard } = new Scene();
    const subject = foreignSubject(FOREIGN, 'ada', sha256);
    expect(guard.check(token())).toEqual({
      kind: 'allow-foreign',
      isStale: false,
      claims: { ...foreignClaims(NOW_S), org: ISSUER.org, subject },
    });
    expect(guard.check(token())).toEqual(guard.check(token()));
  });

  it.each(['RS256', 'PS256', 'ES256', 'EdDSA'] as const)('may be signed with %s', (algorithm) => {
    const key = new ForeignKey(algorithm);
    const scene = new Scene([foreignIssuer({ jwks: { keys: [key.jwk] } })]);
    const good = key.token(foreignClaims(NOW_S));
    expect(scene.outcome(good)).toBe('allow-foreign');
    const [head, , signature] = good.split('.') as [string, string, string];
    const evil = Buffer.from(JSON.stringify(foreignClaims(NOW_S, { sub: 'eve' })));
    const swapped = `${head}.${evil.toString('base64url')}.${signature}`;
    expect(scene.outcome(swapped)).toBe('deny: token.signature');
  });

  const claims = foreignClaims(NOW_S);
  it.each<[string, string, string]>([
    // Whoever is nobody's is refused for the first rule of ours that it breaks.
    [
      'of an issuer that is not registered',
      token({ iss: 'https://evil.example' }),
      'token.algorithm',
    ],
    ['of an issuer with a slash more', token({ iss: `${FOREIGN}/` }), 'token.algorithm'],
    ['without an issuer', token({ iss: undefined }), 'token.algorithm'],
    ['in our own name', token({ iss: OURS }), 'token.algorithm'],
    ['for another audience', token({ aud: 'elsewhere' }), 'token.audience'],
    ['for no audience', token({ aud: undefined }), 'token.audience'],
    ['for an audience in an object', token({ aud: { 0: 'api://things' } }), 'token.audience'],
    ['alg none', KEY.token(claims, { alg: 'none' }), 'token.algorithm'],
    ['alg HS256', KEY.token(claims, { alg: 'HS256' }), 'token.algorithm'],
    ['HS512 keyed with the public key', KEY.confused(claims, 'HS512'), 'token.algorithm'],
    ['an HMAC that calls itself RS256', RSA.confused(claims, 'RS256'), 'token.signature'],
    ['alg es256 in small letters', KEY.token(claims, { alg: 'es256' }), 'token.algorithm'],
    ['typ logout+jwt', KEY.token(claims, { typ: 'logout+jwt' }), 'token.type'],
    ['typ that is no text', KEY.token(claims, { typ: 1 }), 'token.type'],
    ['jku', KEY.token(claims, { jku: 'https://evil.example/keys' }), 'token.header'],
    ['jwk', OTHER.token(claims, { jwk: OTHER.jwk }), 'token.header'],
    ['x5c', KEY.token(claims, { x5c: ['MII'] }), 'token.header'],
    ['crit', KEY.token(claims, { crit: ['exp'] }), 'token.header'],
    ['no kid', KEY.token(claims, { kid: undefined }), 'token.header'],
    ['another key under the kid', OTHER.token(claims), 'token.signature'],
    ['no sub', token({ sub: undefined }), 'token.claims'],
    ['an empty sub', token({ sub: '' }), 'token.claims'],
    ['a sub that breaks a header', token({ sub: 'ada\r\nx-offswitch-user: eve' }), 'token.claims'],
    ['a sub that no header can carry', token({ sub: 'adä' }), 'token.claims'],
    ['no iat', token({ iat: undefined }), 'token.claims'],
    ['an iat that is a text', token({ iat: `${NOW_S}` }), 'token.claims'],
    ['no exp', token({ exp: undefined }), 'token.claims'],
    ['expired', token({ iat: NOW_S - 600, exp: NOW_S }), 'token.expired'],
    ['issued in the future', token({ iat: NOW_S + 2, exp: NOW_S + 9 }), 'token.not_yet'],
    ['not valid before a later time', token({ nbf: NOW_S + 60 }), 'token.not_yet'],
    ['an nbf that is a text', token({ nbf: 'now' }), 'token.not_yet'],
    ['a life beyond its issuer’s cap', token({ exp: NOW_S + 3_601 }), 'token.lifetime'],
    ['an end before its beginning', token({ exp: NOW_S - 1 }), 'token.lifetime'],
    ['a huge one', token({ scope: 'a'.repeat(17_000) }), 'token.malformed'],
  ])('is refused: %s', (_, bad, reason) => {
    expect(new Scene().outcome(bad)).toBe(`deny: ${reason}`);
  });

  it('is nobody’s at a gateway that was not told to accept it', () => {
    const { view, clock } = new Scene();
    const rules = { issuer: OURS, audience: 'offswitch', maxTtlS: 3600 };
    const guard = createGuard({
      ...{ view, clock, policy: 'strict', keys: new PublicKeys({ keys: [] }) },
      rules: { ...rules, stalenessMs: 10_000, skewMs: 1_000 },
    });
    expect(guard.check(token())).toEqual({ kind: 'deny', reason: 'token.algorithm' });
  });

  it('leaves our own tokens as they were', () => {
    const scene = new Scene();
    expect(scene.outcome(mint.token(mint.claims(NOW_S)))).toBe('allow');
    expect(scene.outcome(mint.token(mint.claims(NOW_S, { aud: 'elsewhere' })))).toBe(
      'deny: token.audience',
    );
    expect(scene.outcome(new TokenMint('new').token(mint.claims(NOW_S)))).toBe(
      'unsure: key.unknown',
    );
  });

  it('may have our audience among others, and scopes as `scp`', () => {
    const { guard } = new Scene();
    const good = token({ aud: ['a', 'api://things'], scope: undefined, scp: ['x', 'y'] });
    expect(guard.check(good)).toMatchObject({ claims: { aud: 'api://things', scope: 'x y' } });
    const odd = token({ scope: 'x\r\nset-cookie: y' });
    expect(guard.check(odd)).toMatchObject({ kind: 'allow-foreign', claims: { scope: '' } });
  });

  it('means nobody when it is for the audiences of two organizations', () => {
    const two = foreignIssuer({ audience: 'api://others', jwks: { keys: [KEY.jwk] } });
    const scene = new Scene([ISSUER, two]);
    expect(scene.outcome(token({ aud: ['api://things', 'api://others'] }))).toBe(
      'deny: token.audience',
    );
    expect(scene.guard.check(token({ aud: 'api://others' }))).toMatchObject({
      claims: { org: two.org },
    });
  });

  it('cannot come from somebody who registers our own name', () => {
    const scene = new Scene([foreignIssuer({ issuer: OURS, jwks: { keys: [KEY.jwk] } })]);
    expect(scene.outcome(token({ iss: OURS }))).toBe('deny: token.algorithm');
  });
});

describe('keys of a foreign issuer', () => {
  const withKeys = (...keys: unknown[]): Scene => new Scene([foreignIssuer({ jwks: { keys } })]);

  it.each<[string, unknown]>([
    ['too short', new ForeignKey('RS256', RSA.kid, 1_024).jwk],
    ['for encryption', { ...RSA.jwk, use: 'enc' }],
    ['for signing, not verifying', { ...RSA.jwk, key_ops: ['sign'] }],
    ['of another algorithm', { ...RSA.jwk, alg: 'PS256' }],
    ['without a name', { ...RSA.jwk, kid: undefined }],
    ['no key at all', 'key'],
    ['symmetric', { kty: 'oct', k: 'c2VjcmV0', kid: RSA.kid, alg: 'RS256' }],
  ])('are not used when they are %s', (_, jwk) => {
    expect(withKeys(jwk).outcome(RSA.token(foreignClaims(NOW_S)))).toBe('unsure: key.unknown');
  });

  it('may say nothing of their algorithm', () => {
    const scene = withKeys({ ...RSA.jwk, alg: undefined, use: undefined });
    expect(scene.outcome(RSA.token(foreignClaims(NOW_S)))).toBe('allow-foreign');
  });

  it('are fetched for an unknown one, once in five seconds', async () => {
    const scene = new Scene([foreignIssuer({ jwks_url: 'https://idp.example/keys', jwks: null })]);
    expect(scene.fetched).toHaveLength(1); // with the lease
    expect(await scene.resolved(token())).toBe('unsure: key.unknown');
    expect(scene.fetched).toHaveLength(1);
    scene.clock.advance(5_000);
    expect(await scene.resolved(token())).toBe('unsure: key.unknown'); // it is away
    expect([scene.fetched.length, scene.failures.length]).toEqual([2, 2]);
    scene.clock.advance(5_000);
    scene.sets = () => Promise.resolve({ keys: [KEY.jwk] });
    const fresh = KEY.token(foreignClaims(NOW_S));
    expect(await scene.resolved(fresh)).toBe('allow-foreign');
    expect(scene.outcome(OTHER.token(foreignClaims(NOW_S), { kid: 'new' }))).toBe(
      'unsure: key.unknown',
    );
    scene.clock.advance(5_000);
    expect(await scene.resolved(OTHER.token(foreignClaims(NOW_S), { kid: 'new' }))).toBe(
      'deny: key.unknown',
    );
  });

  it('that their issuer has withdrawn end what they signed, also where it is remembered', async () => {
    const issuer = foreignIssuer({ jwks_url: 'https://idp.example/keys', jwks: null });
    const scene = new Scene([issuer]);
    await settled();
    scene.sets = () => Promise.resolve({ keys: [KEY.jwk] });
    scene.clock.advance(5_000);
    await scene.foreign.refreshKeys(issuer.id);
    const good = token();
    expect(scene.outcome(good)).toBe('allow-foreign');
    scene.sets = () => Promise.resolve({ keys: [] });
    scene.clock.advance(60_000);
    scene.learn(issuer);
    await settled();
    expect(scene.outcome(good)).toBe('unsure: key.unknown');
  });

  it.each<[string, unknown]>([
    ['nothing', null],
    ['a list', []],
    ['an object without keys', {}],
    ['keys that are no list', { keys: {} }],
    ['too many keys', { keys: Array(101).fill(null) }],
  ])('are those of before when what comes is %s', async (_, set) => {
    const issuer = foreignIssuer({ jwks_url: 'https://idp.example/keys', jwks: null });
    const scene = new Scene([issuer]);
    await settled();
    scene.sets = () => Promise.resolve({ keys: [KEY.jwk] });
    scene.clock.advance(5_000);
    expect(await scene.foreign.refreshKeys(issuer.id)).toBe(true);
    scene.sets = () => Promise.resolve(set);
    scene.clock.advance(5_000);
    expect(await scene.foreign.refreshKeys(issuer.id)).toBe(false);
    expect(scene.outcome(token())).toBe('allow-foreign');
  });

  it('of a registration stand in it, and are asked for nowhere', async () => {
    const scene = new Scene();
    const stranger = KEY.token(foreignClaims(NOW_S), { kid: 'another' });
    expect(await scene.resolved(stranger)).toBe('deny: key.unknown');
    expect(scene.fetched).toEqual([]);
  });
});

describe('the keys that a process before this one has seen', () => {
  const issuer = foreignIssuer({ jwks_url: 'https://idp.example/keys', jwks: null });
  async function kept(key = KEY) {
    const before = new Scene([issuer]);
    await settled();
    before.sets = () => Promise.resolve({ keys: [key.jwk] });
    before.clock.advance(5_000);
    await before.foreign.refreshKeys(issuer.id);
    return before.foreign.keep();
  }
  const AFTER_MS = 5_000;
  function after(of: ForeignIssuer = issuer): Scene {
    const scene = new Scene([of]);
    scene.clock.advance(AFTER_MS);
    return scene;
  }

  it('are gone by while their issuer is away, and a second time', async () => {
    const [first, second] = [after(), after()];
    expect(first.outcome(token())).toBe('unsure: key.unknown');
    first.foreign.restore(await kept());
    expect(first.outcome(token())).toBe('allow-foreign');
    second.foreign.restore(first.foreign.keep());
    expect(second.outcome(token())).toBe('allow-foreign');
  });

  it('say no more when the issuer answers: what it has withdrawn does not come back', async () => {
    const scene = after();
    scene.foreign.restore(await kept());
    scene.sets = () => Promise.resolve({ keys: [OTHER.jwk] });
    scene.clock.advance(5_000);
    await scene.foreign.refreshKeys(issuer.id);
    scene.foreign.restore(await kept());
    const withdrawn = new ForeignKey('ES256', 'withdrawn');
    scene.foreign.restore(await kept(withdrawn));
    expect(scene.outcome(withdrawn.token(foreignClaims(NOW_S)))).toBe('unsure: key.unknown');
    expect(scene.foreign.keep()).toMatchObject([{ keys: [{ kid: OTHER.kid, x: OTHER.jwk['x'] }] }]);
  });

  it('say nothing when the issuer is registered under other terms, or not any more', async () => {
    const { id } = issuer;
    for (const other of [
      { ...issuer, org: newId() },
      { ...issuer, jwks_url: 'https://idp.example/others' },
      { ...issuer, id: newId() },
      foreignIssuer({ id, jwks: { keys: [] } }),
    ]) {
      const scene = after(other);
      scene.foreign.restore(await kept());
      expect(scene.outcome(token())).not.toBe('allow-foreign');
    }
  });

  it.each([
    ['just now', 0, 'allow-foreign'],
    ['the longest life of a token ago', 3_600_000, 'allow-foreign'],
    ['longer ago', 3_600_001, 'unsure: key.unknown'],
    ['in the future by the skew', -1_000, 'allow-foreign'],
    ['in the future', -1_001, 'unsure: key.unknown'],
  ])('that were seen %s are good for: %s ms, %s', async (_, ageMs, outcome) => {
    const [one] = await kept();
    const scene = after();
    scene.foreign.restore([{ ...one!, atMs: NOW_S * 1_000 + AFTER_MS - ageMs }]);
    expect(scene.outcome(token())).toBe(outcome);
  });
});

describe('keys that were restored, of an issuer that stays away', () => {
  const issuer = foreignIssuer({ jwks_url: 'https://idp.example/keys', jwks: null });
  const LIFE_MS = issuer.max_ttl_s * 1_000;
  const keys = readForeignJwks({ keys: [KEY.jwk] });
  const later = (scene: Scene): string =>
    KEY.token(foreignClaims(scene.clock.now().getTime() / 1_000));
  async function restored(): Promise<Scene> {
    const scene = new Scene([issuer]);
    await settled();
    scene.foreign.restore([{ issuer, keys, atMs: NOW_S * 1_000 }]);
    return scene;
  }

  it('are over when the longest life of its tokens has passed: nobody knows its keys', async () => {
    const scene = await restored();
    scene.clock.advance(LIFE_MS);
    const token = later(scene);
    expect(scene.outcome(token)).toBe('allow-foreign');
    scene.clock.advance(1);
    expect(scene.foreign.remembers(token)).toBe(false);
    expect(scene.outcome(token)).toBe('unsure: key.unknown');
    expect(await scene.resolved(token)).toBe('unsure: key.unknown');
  });

  it('are over also when the clock of the wall was set back meanwhile', async () => {
    const scene = await restored();
    const { clock } = scene;
    const set = clock.now();
    clock.advance(LIFE_MS + 1);
    clock.now = () => set;
    expect(scene.outcome(later(scene))).toBe('unsure: key.unknown');
  });

  it('last, when the issuer has answered once, for as long as it is away after that', async () => {
    const scene = await restored();
    scene.sets = () => Promise.resolve({ keys: [KEY.jwk] });
    scene.clock.advance(5_000);
    await scene.foreign.refreshKeys(issuer.id);
    scene.sets = () => Promise.reject(new Error('away'));
    scene.clock.advance(2 * LIFE_MS);
    expect(scene.outcome(later(scene))).toBe('allow-foreign');
  });
});

describe('a revocation of a foreign subject', () => {
  it('ends what was issued up to its second, and nothing later', () => {
    const scene = new Scene();
    const [before, same, after] = [NOW_S - 10, NOW_S - 5, NOW_S - 4].map((iat) => token({ iat }));
    scene.revoke(NOW_S - 5);
    expect([before, same, after].map((each) => scene.outcome(each!))).toEqual([
      'deny: revoked.ext',
      'deny: revoked.ext',
      'allow-foreign',
    ]);
    expect(scene.uses).toMatchObject([
      { reason: 'revoked.ext', claims: { sub: 'ada' } },
      { reason: 'revoked.ext' },
    ]);
  });

  it('ends what was issued in a part of its second', () => {
    const scene = new Scene();
    scene.revoke(NOW_S - 5);
    expect(scene.outcome(token({ iat: NOW_S - 4.01 }))).toBe('deny: revoked.ext');
  });

  it('bites on a token whose signature is remembered', () => {
    const scene = new Scene();
    const good = token();
    expect(scene.outcome(good)).toBe('allow-foreign');
    scene.revoke(NOW_S);
    expect(scene.outcome(good)).toBe('deny: revoked.ext');
  });

  it('touches nobody else: another person, issuer or organization', () => {
    const two = foreignIssuer({ issuer: 'https://two.example', jwks: { keys: [KEY.jwk] } });
    const scene = new Scene([ISSUER, two]);
    scene.revoke(NOW_S, 'eve');
    scene.revoke(NOW_S, 'ada', two);
    scene.revoke(NOW_S, 'ada', { ...ISSUER, org: newId() });
    expect(scene.outcome(token())).toBe('allow-foreign');
    expect(scene.outcome(token({ iss: two.issuer }))).toBe('deny: revoked.ext');
  });

  it('of everybody ends what the issuer has signed', () => {
    const scene = new Scene();
    scene.revoke(NOW_S - 1, '');
    expect(scene.outcome(token({ iat: NOW_S - 1 }))).toBe('deny: revoked.issuer');
    expect(scene.outcome(token())).toBe('allow-foreign');
  });

  it('is not needed for what was issued before the issuer was registered', () => {
    const scene = new Scene([{ ...ISSUER, not_before: NOW_S - 1 }]);
    expect(scene.outcome(token({ iat: NOW_S - 1 }))).toBe('deny: revoked.issuer');
    expect(scene.outcome(token())).toBe('allow-foreign');
  });

  it('finds somebody in any spelling where names are folded, and only there', () => {
    const folding = { ...ISSUER, folds_sub: true };
    const spelled = token({ sub: 'Ada@Example.com' });
    for (const [issuer, expected] of [
      [folding, 'deny: revoked.ext'],
      [ISSUER, 'allow-foreign'],
    ] as const) {
      const scene = new Scene([issuer]);
      scene.revoke(NOW_S, 'ada@example.com');
      expect(scene.outcome(spelled)).toBe(expected);
    }
  });

  it('holds whatever comes after it, in any order: an earlier one lifts nothing', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: NOW_S - 500, max: NOW_S - 1 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: NOW_S - 550, max: NOW_S }),
        (revocations, iat) => {
          const scene = new Scene();
          for (const notBefore of revocations) scene.revoke(notBefore);
          const isDead = iat <= Math.max(...revocations);
          expect(scene.outcome(token({ iat }))).toBe(
            isDead ? 'deny: revoked.ext' : 'allow-foreign',
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each(['ada', ''])('closes the streams of whom it names (%j), and no others', (sub) => {
    const scene = new Scene();
    const closed: Closing[] = [];
    const streams = new Streams({
      check: (token) => scene.guard.check(token),
      review: (token) => scene.guard.checkWith('unasked', token),
      isFresh: () => true,
      nowMs: () => scene.clock.now().getTime(),
      onFailure: (error) => scene.failures.push(error),
    });
    expect(streams.bind(token(), (why) => closed.push(why))).toMatchObject({
      kind: 'bound',
      claims: { iss: FOREIGN, sub: 'ada' },
    });
    streams.bind(mint.token(mint.claims(NOW_S)), (why) => closed.push(why));
    scene.revoke(NOW_S, sub);
    streams.revoked('ext', foreignSubject(FOREIGN, sub, sha256));
    expect(closed).toEqual([sub === '' ? 'revoked.issuer' : 'revoked.ext']);
    expect([streams.size, scene.uses.length]).toEqual([1, 0]);
    streams.closeAll();
  });

  it('is the end of a registration too: the lease does not name it any more', () => {
    const scene = new Scene();
    const good = token();
    expect(scene.outcome(good)).toBe('allow-foreign');
    scene.learn();
    expect(scene.outcome(good)).toBe('deny: token.algorithm');
    scene.learn({ ...ISSUER, not_before: NOW_S });
    expect(scene.outcome(good)).toBe('deny: revoked.issuer');
  });
});

describe('an old view', () => {
  const stale = (ageMs: number): Freshness => ({ state: 'stale', ageMs, why: 'old' });

  it.each<[Policy, number, string]>([
    ['strict', 10_001, 'unsure: view.stale'],
    ['balanced', 10_001, 'allow-foreign stale'],
    ['balanced', 30_001, 'unsure: view.stale'],
  ])('%s, %d ms old, decides without the service: %s', async (policy, ageMs, expected) => {
    const scene = new Scene([ISSUER], policy);
    scene.view.now = stale(ageMs);
    expect(await scene.resolved(token())).toBe(expected);
    expect(scene.introspected).toBe(0);
  });

  it.each<Word>(['active', 'inactive', 'none'])(
    'of a strict gateway lets nobody in by a word of the service: %s',
    (word) => {
      const scene = new Scene();
      scene.view.now = stale(10_001);
      const { guard } = scene;
      const said = guard.checkWith(word, token());
      expect(said).toEqual({ kind: 'unsure', reason: 'view.stale' });
      expect(scene.uses).toEqual([]);
      // A fresh view needs none, and none undoes it.
      scene.view.now = { state: 'fresh', ageMs: 1_000 };
      expect(guard.checkWith(word, token()).kind).toBe('allow-foreign');
    },
  );

  it('decides for a best-effort gateway, unless the organization wants more', () => {
    const scene = new Scene([ISSUER], 'best-effort');
    scene.view.now = stale(1e9);
    expect(scene.outcome(token())).toBe('allow-foreign stale');
    scene.learn({ ...ISSUER, policy: 'strict' });
    expect(scene.outcome(token())).toBe('unsure: view.stale');
  });

  it('denies what it knows to be revoked, and lets nobody in before it was loaded', async () => {
    const scene = new Scene();
    scene.view.now = { state: 'unloaded' };
    expect(await scene.resolved(token())).toBe('unsure: view.unloaded');
    scene.revoke(NOW_S);
    expect(scene.outcome(token())).toBe('deny: revoked.ext');
  });
});

it('nonsense is never let in, and nothing throws', () => {
  const { guard } = new Scene();
  const [, , signature] = token().split('.') as [string, string, string];
  fc.assert(
    fc.property(fc.json(), fc.json(), (one, other) => {
      const [head, payload] = [one, other].map((each) => Buffer.from(each).toString('base64url'));
      expect(guard.check(`${head}.${payload}.${signature}`).kind).toBe('deny');
    }),
  );
  const good = token();
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.constantFrom('A', 'B', '_', '.', '='), (i, c) => {
      const bent = good.slice(0, i) + c + good.slice(i + 1);
      expect(guard.check(bent).kind === 'allow-foreign').toBe(bent === good);
    }),
  );
});
