// P3: bounded staleness; P6: what we do not know is a 503, and never a refusal.
import { describe, expect, it } from '@jest/globals';
import { PublicKeys } from '../../../src/gateway/crypto/public-keys.js';
import { createGuard, type UseAfterRevoke } from '../../../src/gateway/guard.js';
import { Resolver } from '../../../src/gateway/resolver.js';
import type { Unsure } from '../../../src/gateway/verdict.js';
import type { Policy } from '../../../src/contract/lease.js';
import { TokenMint } from '../../support/access-tokens.js';
import { FakeClock } from '../../support/fake-clock.js';
import { SettableView } from '../../support/settable-view.js';

const mint = new TokenMint();

class Scene {
  readonly view = new SettableView();
  readonly clock = new FakeClock();
  readonly uses: UseAfterRevoke[] = [];
  readonly failures: unknown[] = [];
  keys = new PublicKeys({ keys: [mint.jwk] });
  asked = 0;
  refreshed = 0;
  word: () => Promise<boolean> = () => Promise.resolve(true);
  refresh: () => boolean = () => false;
  readonly guard;
  readonly resolver: Resolver;

  constructor(policy: Policy = 'strict', capacity = 64) {
    this.view.now = { state: 'stale', ageMs: 15_000, why: 'old' };
    this.guard = createGuard({
      view: this.view,
      keys: { find: (kid) => this.keys.find(kid) },
      rules: {
        issuer: 'urn:offswitch:test',
        audience: 'offswitch',
        maxTtlS: 3600,
        stalenessMs: 10_000,
        skewMs: 1_000,
      },
      policy,
      clock: this.clock,
      onUseAfterRevoke: (use) => this.uses.push(use),
    });
    this.resolver = new Resolver({
      guard: this.guard,
      introspect: () => {
        this.asked += 1;
        return this.word();
      },
      refreshKeys: () => {
        this.refreshed += 1;
        return Promise.resolve(this.refresh());
      },
      onFailure: (error) => this.failures.push(error),
      capacity,
    });
  }

  token(by = mint): string {
    return by.token(mint.claims(this.clock.now().getTime() / 1000));
  }

  doubt(token = this.token()): Unsure {
    const verdict = this.guard.check(token);
    if (verdict.kind !== 'unsure') throw new Error(verdict.kind);
    return verdict;
  }
}

const away = (): Promise<boolean> => Promise.reject(new Error('away'));

describe('a doubt about an old view', () => {
  it('is cleared by the service, in favour of the token', async () => {
    const scene = new Scene();
    expect(await scene.resolver.resolve(scene.doubt())).toMatchObject({
      kind: 'allow',
      isStale: false,
    });
    expect(scene.asked).toBe(1);
  });

  it('is cleared by the service, against it, and the use of a revoked token is told', async () => {
    const scene = new Scene();
    scene.word = () => Promise.resolve(false);
    const verdict = await scene.resolver.resolve(scene.doubt());
    expect(verdict).toEqual({ kind: 'deny', reason: 'token.inactive' });
    expect(scene.uses).toMatchObject([{ reason: 'token.inactive' }]);
  });

  it.each<[Policy, number, object]>([
    ['strict', 15_000, { kind: 'unsure', reason: 'view.stale' }],
    ['balanced', 15_000, { kind: 'allow', isStale: true }],
    ['balanced', 30_001, { kind: 'unsure', reason: 'view.stale' }],
  ])('%s at %d ms, when nobody answers: %j', async (policy, ageMs, expected) => {
    const scene = new Scene(policy);
    scene.view.now = { state: 'stale', ageMs, why: 'old' };
    scene.word = away;
    expect(await scene.resolver.resolve(scene.doubt())).toMatchObject(expected);
    expect(scene.failures).toHaveLength(1);
  });

  it('ends against the token when the view has learnt better while the service was asked', async () => {
    const scene = new Scene();
    const claims = mint.claims(scene.clock.now().getTime() / 1000);
    const doubt = scene.doubt(mint.token(claims));
    scene.word = () => {
      scene.view.revoke('device', claims.did as string);
      return Promise.resolve(true);
    };
    expect(await scene.resolver.resolve(doubt)).toEqual({ kind: 'deny', reason: 'revoked.device' });
  });

  it('asks nobody once the view is fresh again', async () => {
    const scene = new Scene();
    const doubt = scene.doubt();
    scene.view.now = { state: 'fresh', ageMs: 1_000 };
    expect(await scene.resolver.resolve(doubt)).toMatchObject({ kind: 'allow' });
    expect(scene.asked).toBe(0);
  });

  it('asks nobody while nothing was ever loaded', async () => {
    const scene = new Scene('best-effort');
    scene.view.now = { state: 'unloaded' };
    const verdict = await scene.resolver.resolve(scene.doubt());
    expect(verdict).toMatchObject({ kind: 'unsure', reason: 'view.unloaded' });
    expect(scene.asked).toBe(0);
  });

  it('asks no more at once than it may, and decides the rest without the service', async () => {
    const scene = new Scene('balanced', 2);
    let answer: (isActive: boolean) => void = () => undefined;
    const word = new Promise<boolean>((resolve) => (answer = resolve));
    scene.word = () => word;
    const doubts = Array.from({ length: 5 }, () => scene.resolver.resolve(scene.doubt()));
    expect(await Promise.all(doubts.slice(2))).toMatchObject(Array(3).fill({ isStale: true }));
    answer(true);
    expect(await Promise.all(doubts.slice(0, 2))).toMatchObject(Array(2).fill({ isStale: false }));
    expect(scene.asked).toBe(2);
    expect(await scene.resolver.resolve(scene.doubt())).toMatchObject({ isStale: false });
  });
});

describe('a doubt about a key', () => {
  const stranger = new TokenMint('new-key');

  it('is cleared by the keys, once they have come again', async () => {
    const scene = new Scene();
    scene.view.now = { state: 'fresh', ageMs: 1 };
    scene.refresh = () => {
      scene.keys = new PublicKeys({ keys: [mint.jwk, stranger.jwk] });
      return true;
    };
    expect(await scene.resolver.resolve(scene.doubt(scene.token(stranger)))).toMatchObject({
      kind: 'allow',
    });
  });

  it('is a refusal when they have come without it, and a 503 when they have not come', async () => {
    const scene = new Scene();
    const doubt = scene.doubt(scene.token(stranger));
    expect(await scene.resolver.resolve(doubt)).toMatchObject({ kind: 'unsure' });
    scene.refresh = () => true;
    const verdict = await scene.resolver.resolve(doubt);
    expect(verdict).toEqual({ kind: 'deny', reason: 'key.unknown' });
    expect([scene.asked, scene.refreshed]).toEqual([0, 2]);
  });
});
