// P2: dead stays dead; P9: fail closed.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Policy } from '../../../src/contract/lease.js';
import { PublicKeys } from '../../../src/gateway/crypto/public-keys.js';
import {
  createGuard,
  type Guard,
  type UseAfterRevoke,
  type Word,
} from '../../../src/gateway/guard.js';
import type { Route } from '../../../src/gateway/policy.js';
import type { Freshness } from '../../../src/gateway/view/freshness.js';
import { newId } from '../../../src/kernel/ids.js';
import { TokenMint } from '../../support/access-tokens.js';
import { FakeClock } from '../../support/fake-clock.js';
import { SettableView } from '../../support/settable-view.js';

const clock = new FakeClock();
const NOW_S = clock.now().getTime() / 1000;
const mint = new TokenMint();

interface Setting {
  readonly view: SettableView;
  readonly guard: Guard;
  readonly clock: FakeClock;
  readonly uses: UseAfterRevoke[];
  keys: PublicKeys;
}

function setting(policy: Policy = 'strict', cacheSize?: number): Setting {
  const made = {
    view: new SettableView(),
    clock: new FakeClock(),
    uses: [] as UseAfterRevoke[],
    keys: new PublicKeys({ keys: [mint.jwk] }),
  };
  const guard = createGuard({
    view: made.view,
    keys: { find: (kid) => made.keys.find(kid) },
    rules: {
      issuer: 'urn:offswitch:test',
      audience: 'offswitch',
      maxTtlS: 3600,
      stalenessMs: 10_000,
      skewMs: 1_000,
    },
    policy,
    clock: made.clock,
    onUseAfterRevoke: (use) => made.uses.push(use),
    ...(cacheSize === undefined ? {} : { cacheSize }),
  });
  return Object.assign(made, { guard });
}

const outcome = (guard: Guard, token: string): string => {
  const verdict = guard.check(token);
  return 'reason' in verdict ? `${verdict.kind}: ${verdict.reason}` : verdict.kind;
};

describe('a guard', () => {
  it('lets a good token in and tells its claims', () => {
    const { guard } = setting();
    const claims = mint.claims(NOW_S);
    expect(guard.check(mint.token(claims))).toEqual({ kind: 'allow', claims, isStale: false });
  });

  it('answers the same again from a remembered signature', () => {
    const { guard } = setting();
    const token = mint.token(mint.claims(NOW_S));
    expect(guard.check(token)).toEqual(guard.check(token));
  });

  const device = newId();
  const good = mint.claims(NOW_S);
  const stranger = new TokenMint();
  const token = mint.token(good);
  const [head, payload, signature] = token.split('.') as [string, string, string];
  const evil = Buffer.from(JSON.stringify({ ...good, sub: newId() })).toString('base64url');
  const claims = (fields: Record<string, unknown>): string =>
    mint.token(mint.claims(NOW_S, fields));
  const gen = (fields: Record<string, unknown>): string =>
    claims({ gen: { o: 1, u: 1, d: 1, f: 1, ...fields } });

  it.each<[string, string, string]>([
    ['an empty text', '', 'token.malformed'],
    ['words', 'not a token', 'token.malformed'],
    ['two parts', `${head}.${payload}`, 'token.malformed'],
    ['four parts', `${token}.x`, 'token.malformed'],
    ['a line break behind it', `${token}\n`, 'token.malformed'],
    ['padding', `${token}=`, 'token.malformed'],
    ['standard base64 letters', `${head}.${payload}.${'+'.repeat(86)}`, 'token.malformed'],
    ['a huge one', claims({ scope: 'a'.repeat(9_000) }), 'token.malformed'],
    ['a payload that is no object', mint.token('[1]'), 'token.malformed'],
    ['a payload that is no JSON', mint.token('nonsense'), 'token.malformed'],
    ['alg none', mint.unsecured(good), 'token.malformed'],
    ['alg none with a signature', mint.token(good, { alg: 'none' }), 'token.algorithm'],
    ['an HMAC keyed with our public key', mint.confused(good), 'token.malformed'],
    ['alg HS256', mint.token(good, { alg: 'HS256' }), 'token.algorithm'],
    ['alg eddsa in small letters', mint.token(good, { alg: 'eddsa' }), 'token.algorithm'],
    ['typ JWT', mint.token(good, { typ: 'JWT' }), 'token.type'],
    ['no typ', mint.token(good, { typ: undefined }), 'token.type'],
    ['jku', mint.token(good, { jku: 'https://evil.example/jwks' }), 'token.header'],
    ['x5u', mint.token(good, { x5u: 'https://evil.example/x5u' }), 'token.header'],
    ['jwk', stranger.token(good, { jwk: stranger.jwk }), 'token.header'],
    ['crit', mint.token(good, { crit: ['exp'] }), 'token.header'],
    ['no kid', mint.token(good, { kid: undefined }), 'token.header'],
    ['a kid that is no text', mint.token(good, { kid: ['token-key'] }), 'token.header'],
    ['another key under our kid', stranger.token(good), 'token.signature'],
    ['a payload that was exchanged', `${head}.${evil}.${signature}`, 'token.signature'],
    ['another issuer', claims({ iss: 'urn:offswitch:other' }), 'token.issuer'],
    ['no issuer', claims({ iss: undefined }), 'token.issuer'],
    ['another audience', claims({ aud: 'elsewhere' }), 'token.audience'],
    ['an audience among others', claims({ aud: ['offswitch'] }), 'token.audience'],
    ['expired', claims({ iat: NOW_S - 900, exp: NOW_S }), 'token.expired'],
    ['issued in the future', claims({ iat: NOW_S + 2, exp: NOW_S + 9 }), 'token.not_yet'],
    ['not valid before a later time', claims({ nbf: NOW_S + 60 }), 'token.not_yet'],
    ['an nbf that is no number', claims({ nbf: 'now' }), 'token.not_yet'],
    ['a lifetime beyond the cap', claims({ exp: NOW_S + 3601 }), 'token.lifetime'],
    ['an end before its beginning', claims({ iat: NOW_S, exp: NOW_S - 1 }), 'token.lifetime'],
    ['an exp that is no number', claims({ exp: `${NOW_S + 900}` }), 'token.claims'],
    ['an iat that is missing', claims({ iat: undefined }), 'token.claims'],
    ['no gen', claims({ gen: undefined }), 'token.generations'],
    ['a gen that is a list', claims({ gen: [1, 1, 1, 1] }), 'token.generations'],
    ['a gen without o', gen({ o: undefined }), 'token.generations'],
    ['a gen without u', gen({ u: undefined }), 'token.generations'],
    ['a gen without d', gen({ d: undefined }), 'token.generations'],
    ['a gen without f', gen({ f: undefined }), 'token.generations'],
    ['a generation as text', gen({ u: '9' }), 'token.generations'],
    ['a generation that is no integer', gen({ u: 1.5 }), 'token.generations'],
    ['a negative generation', gen({ f: -1 }), 'token.generations'],
    ['a generation beyond all integers', gen({ f: 2 ** 53 }), 'token.generations'],
    ['a sub that is no id', claims({ sub: '__proto__' }), 'token.claims'],
    ['a sub in capitals', claims({ sub: newId().toUpperCase() }), 'token.claims'],
    ['an org that is no id', claims({ org: '*' }), 'token.claims'],
    ['no fam', claims({ fam: undefined }), 'token.claims'],
    ['a client other than the device', claims({ client_id: newId() }), 'token.claims'],
    ['no jti', claims({ jti: undefined }), 'token.claims'],
    ['a scope that breaks a header', claims({ scope: 'a\r\nx-offswitch-user: b' }), 'token.claims'],
    [
      'no owner, but an owner’s generation',
      claims({ sub: device, did: device, client_id: device }),
      'token.generations',
    ],
  ])('refuses %s', (_, bad, reason) => {
    expect(outcome(setting().guard, bad)).toBe(`deny: ${reason}`);
  });

  it('accepts a token that starts within the skew, and one without scopes', () => {
    expect(outcome(setting().guard, claims({ iat: NOW_S + 1, scope: '' }))).toBe('allow');
  });

  it('never throws and never lets nonsense in', () => {
    const { guard } = setting();
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(guard.check(text).kind).toBe('deny');
      }),
    );
    fc.assert(
      fc.property(fc.json(), fc.json(), (one, other) => {
        const bad = `${Buffer.from(one).toString('base64url')}.${Buffer.from(other).toString('base64url')}.${signature}`;
        expect(guard.check(bad).kind).toBe('deny');
      }),
    );
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom('A', 'B', '_', '.', '='), (i, c) => {
        const bent = token.slice(0, i) + c + token.slice(i + 1);
        expect(guard.check(bent).kind === 'allow').toBe(bent === token);
      }),
    );
  });
});

describe('a revocation', () => {
  const subjects = (claims: ReturnType<TokenMint['claims']>) =>
    [
      ['org', claims.org],
      ['user', claims.sub],
      ['device', claims.did],
      ['family', claims.fam],
    ] as const;

  it.each([0, 1, 2, 3])('ends what was issued under a lower generation of scope %#', (i) => {
    const { guard, view, uses } = setting();
    const claims = mint.claims(NOW_S);
    const token = mint.token(claims);
    const [scope, subject] = subjects(claims)[i]!;
    expect(outcome(guard, token)).toBe('allow');
    view.revoke(scope, subject as string, 1);
    expect(outcome(guard, token)).toBe('allow');
    view.revoke(scope, subject as string, 2);
    expect(outcome(guard, token)).toBe(`deny: revoked.${scope}`);
    expect(uses).toEqual([{ reason: `revoked.${scope}`, claims }]);
  });

  it('leaves alone what was issued after it, and everybody else', () => {
    const { guard, view } = setting();
    const claims = mint.claims(NOW_S);
    view.revoke('user', claims.sub as string, 2);
    expect(outcome(guard, mint.token({ ...claims, gen: { o: 1, u: 2, d: 1, f: 1 } }))).toBe(
      'allow',
    );
    expect(outcome(guard, mint.token(mint.claims(NOW_S)))).toBe('allow');
  });

  it('of a user’s id does not touch a device of the same name, and the other way round', () => {
    const { guard, view } = setting();
    const claims = mint.claims(NOW_S);
    view.revoke('device', claims.sub as string, 9);
    view.revoke('user', claims.did as string, 9);
    expect(outcome(guard, mint.token(claims))).toBe('allow');
  });

  it('of the device ends a token without an owner', () => {
    const { guard, view } = setting();
    const device = newId();
    const token = mint.token(
      mint.claims(NOW_S, {
        sub: device,
        did: device,
        client_id: device,
        gen: { o: 1, u: 0, d: 1, f: 1 },
      }),
    );
    expect(outcome(guard, token)).toBe('allow');
    view.revoke('device', device, 2);
    expect(outcome(guard, token)).toBe('deny: revoked.device');
  });

  it('of a signing key ends everything that it signed, remembered or not', () => {
    const { guard, view } = setting();
    const [one, other] = [mint.token(mint.claims(NOW_S)), mint.token(mint.claims(NOW_S))];
    expect(outcome(guard, one)).toBe('allow');
    view.revoke('kid', mint.kid);
    expect(outcome(guard, one)).toBe('deny: key.revoked');
    expect(outcome(guard, other)).toBe('deny: key.revoked');
  });

  it.each<Freshness>([
    { state: 'stale', ageMs: 60_000, why: 'old' },
    { state: 'unusable' },
    { state: 'unloaded' },
  ])('that is known counts in a view that is $state', (now) => {
    const { guard, view } = setting('best-effort');
    const claims = mint.claims(NOW_S);
    view.revoke('user', claims.sub as string);
    view.now = now;
    expect(outcome(guard, mint.token(claims))).toBe('deny: revoked.user');
  });
});

describe('the policies', () => {
  const stale = (ageMs: number): Freshness => ({ state: 'stale', ageMs, why: 'old' });
  const answer = (asked: {
    readonly policy: Policy;
    readonly now: Freshness;
    readonly route?: Route;
    readonly pol?: string;
    readonly word?: Word;
  }): string => {
    const { guard, view } = setting(asked.policy);
    view.now = asked.now;
    const token = mint.token(mint.claims(NOW_S, asked.pol === undefined ? {} : { pol: asked.pol }));
    const verdict =
      asked.word === undefined
        ? guard.check(token, asked.route)
        : guard.checkWith(asked.word, token, asked.route);
    if ('reason' in verdict) return `${verdict.kind}: ${verdict.reason}`;
    return verdict.isStale ? `${verdict.kind} stale` : verdict.kind;
  };

  it.each<[Policy, Freshness, string]>([
    ['strict', { state: 'fresh', ageMs: 10_000 }, 'allow'],
    ['strict', stale(10_001), 'unsure: view.stale'],
    ['strict', stale(5_000), 'unsure: view.stale'], // incomplete
    ['strict', { state: 'unloaded' }, 'unsure: view.unloaded'],
    ['strict', { state: 'unusable' }, 'unsure: view.unusable'],
    ['balanced', { state: 'fresh', ageMs: 10_000 }, 'allow'],
    ['balanced', stale(10_001), 'unsure: view.stale'],
    ['balanced', { state: 'unloaded' }, 'unsure: view.unloaded'],
    ['balanced', { state: 'unusable' }, 'unsure: view.unusable'],
    ['best-effort', { state: 'fresh', ageMs: 10_000 }, 'allow'],
    ['best-effort', stale(1e9), 'allow stale'],
    ['best-effort', stale(Infinity), 'allow stale'],
    ['best-effort', { state: 'unloaded' }, 'unsure: view.unloaded'],
    ['best-effort', { state: 'unusable' }, 'unsure: view.unusable'],
  ])('%s with %j: %s', (policy, now, expected) => {
    expect(answer({ policy, now })).toBe(expected);
    expect(answer({ policy: 'best-effort', now, route: { policy } })).toBe(expected);
    expect(answer({ policy: 'best-effort', now, pol: policy })).toBe(expected);
  });

  it.each<[Policy, Word, Freshness, string]>([
    ['strict', 'none', stale(10_001), 'unsure: view.stale'],
    ['balanced', 'none', stale(30_000), 'allow stale'],
    ['balanced', 'none', stale(30_001), 'unsure: view.stale'],
    ['best-effort', 'none', stale(1e9), 'allow stale'],
    ['strict', 'none', { state: 'fresh', ageMs: 1 }, 'allow'],
    ['balanced', 'none', { state: 'unusable' }, 'unsure: view.unusable'],
    ['strict', 'active', stale(1e9), 'allow'],
    ['strict', 'active', { state: 'unusable' }, 'allow'],
    ['strict', 'inactive', stale(1e9), 'deny: token.inactive'],
    ['best-effort', 'inactive', { state: 'fresh', ageMs: 1 }, 'deny: token.inactive'],
  ])('%s, when the service has been asked and said %s, with %j: %s', (...row) => {
    const [policy, word, now, expected] = row;
    expect(answer({ policy, now, word })).toBe(expected);
  });

  it('are the strictest that gateway, route and organization ask for', () => {
    const policies: Policy[] = ['strict', 'balanced', 'best-effort'];
    const now = stale(20_000);
    const expected = ['unsure: view.stale', 'allow stale', 'allow stale'];
    const said = policies.map((policy) => answer({ policy, now, word: 'none' }));
    expect(said).toEqual(expected);
    for (const [a, policy] of policies.entries())
      for (const [b, route] of policies.entries())
        for (const [c, pol] of policies.entries()) {
          const asked = { policy, route: { policy: route }, pol, now, word: 'none' } as const;
          expect([policy, route, pol, answer(asked)]).toEqual([
            policy,
            route,
            pol,
            expected[Math.min(a, b, c)],
          ]);
        }
  });

  it('take a policy that is newer than they are for the strictest', () => {
    const asked = { policy: 'best-effort', now: stale(20_000), pol: 'paranoid' } as const;
    expect(answer(asked)).toBe('unsure: view.stale');
  });

  it('let no word of the service undo what the view knows', () => {
    const { guard, view } = setting();
    const claims = mint.claims(NOW_S);
    view.revoke('user', claims.sub as string);
    view.now = stale(1e6);
    expect(guard.checkWith('active', mint.token(claims))).toEqual({
      kind: 'deny',
      reason: 'revoked.user',
    });
    const stranger = new TokenMint().token(mint.claims(NOW_S));
    expect(guard.checkWith('active', stranger)).toMatchObject({ reason: 'token.signature' });
  });

  it('refuse a bad token for good, however stale the view: nothing can make it better', () => {
    const { guard, view } = setting();
    view.now = { state: 'unloaded' };
    expect(outcome(guard, new TokenMint().token(mint.claims(NOW_S)))).toBe('deny: token.signature');
  });
});

describe('signatures that are remembered', () => {
  it('do not carry another payload in', () => {
    const { guard } = setting();
    const claims = mint.claims(NOW_S);
    const token = mint.token(claims);
    expect(outcome(guard, token)).toBe('allow');
    const [head, , signature] = token.split('.') as [string, string, string];
    const swapped = Buffer.from(JSON.stringify({ ...claims, sub: newId() })).toString('base64url');
    expect(outcome(guard, `${head}.${swapped}.${signature}`)).toBe('deny: token.signature');
    expect(outcome(guard, token)).toBe('allow');
  });

  it('do not outlive the token', () => {
    const { guard, clock: own } = setting();
    const token = mint.token(mint.claims(NOW_S));
    expect(outcome(guard, token)).toBe('allow');
    own.advance(899_999);
    expect(outcome(guard, token)).toBe('allow');
    own.advance(1);
    expect(outcome(guard, token)).toBe('deny: token.expired');
  });

  it('do not outlive their key’s place in the JWKS', () => {
    const made = setting();
    const token = mint.token(mint.claims(NOW_S));
    expect(outcome(made.guard, token)).toBe('allow');
    made.keys = new PublicKeys({ keys: [] });
    expect(outcome(made.guard, token)).toBe('unsure: key.unknown');
    made.keys = new PublicKeys({ keys: [new TokenMint(mint.kid).jwk] });
    expect(outcome(made.guard, token)).toBe('deny: token.signature');
  });

  it('are let go of when there are too many, and are found good again', () => {
    const { guard } = setting('strict', 4);
    const tokens = Array.from({ length: 20 }, () => mint.token(mint.claims(NOW_S)));
    for (let round = 0; round < 3; round += 1) {
      for (const token of tokens) expect(outcome(guard, token)).toBe('allow');
    }
  });

  it('decide after every revocation as the bare claims do', () => {
    const ids = [newId(), newId(), newId(), newId()];
    const [id, level] = [fc.constantFrom(...ids), fc.integer({ min: 1, max: 4 })];
    const bearer = fc.record({ org: id, sub: id, did: id, fam: id, o: level, u: level, f: level });
    const scope = fc.constantFrom(
      'org' as const,
      'user' as const,
      'device' as const,
      'family' as const,
    );
    const bearers = fc.array(bearer, { minLength: 1, maxLength: 4 });
    const deeds = fc.array(fc.tuple(scope, id, level), { maxLength: 12 });
    fc.assert(
      fc.property(bearers, deeds, (those, revocations) => {
        const { guard, view } = setting();
        const known = new Map<string, number>();
        const least = (kind: string, subject: string): number =>
          known.get(`${kind} ${subject}`) ?? 0;
        const tokens = those.map(({ org, sub, did, fam, o, u, f }) => {
          const gen = { o, u: sub === did ? 0 : u, d: o, f };
          const fields = { org, sub, did, client_id: did, fam, gen };
          return [mint.token(mint.claims(NOW_S, fields)), fields] as const;
        });
        for (const revocation of [null, ...revocations]) {
          if (revocation !== null) {
            const [kind, subject, generation] = revocation;
            view.revoke(kind, subject, generation);
            known.set(`${kind} ${subject}`, Math.max(least(kind, subject), generation));
          }
          for (const [token, { org, sub, did, fam, gen }] of tokens) {
            const isGood =
              gen.o >= least('org', org) &&
              (sub === did || gen.u >= least('user', sub)) &&
              gen.d >= least('device', did) &&
              gen.f >= least('family', fam);
            expect(guard.check(token).kind).toBe(isGood ? 'allow' : 'deny');
          }
        }
      }),
    );
  });

  it('cannot be bent by whoever got the claims', () => {
    const { guard } = setting();
    const token = mint.token(mint.claims(NOW_S));
    const verdict = guard.check(token);
    if (verdict.kind !== 'allow') throw new Error('the token is good');
    expect(() => Object.assign(verdict.claims.gen, { u: 99 })).toThrow(TypeError);
    expect(() => Object.assign(verdict.claims, { exp: 1e12 })).toThrow(TypeError);
  });
});

describe('a key id that is not known', () => {
  it.each(['another', '__proto__', 'constructor'])('leaves the guard unsure: %s', (kid) => {
    const { guard } = setting();
    expect(outcome(guard, new TokenMint(kid).token(mint.claims(NOW_S)))).toBe(
      'unsure: key.unknown',
    );
  });

  it('becomes known with the next JWKS', () => {
    const made = setting();
    const next = new TokenMint('next');
    const token = next.token(mint.claims(NOW_S));
    expect(outcome(made.guard, token)).toBe('unsure: key.unknown');
    made.keys = new PublicKeys({ keys: [mint.jwk, next.jwk] }, made.keys);
    expect(outcome(made.guard, token)).toBe('allow');
  });
});
