// P2: dead stays dead, on connections that are open already; P3: bounded staleness.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Policy } from '../../../src/contract/lease.js';
import { PublicKeys } from '../../../src/gateway/crypto/public-keys.js';
import { createGuard, type UseAfterRevoke } from '../../../src/gateway/guard.js';
import { Streams, type Closing } from '../../../src/gateway/streams/streams.js';
import { newId } from '../../../src/kernel/ids.js';
import { TokenMint } from '../../support/access-tokens.js';
import { eventually } from '../../support/eventually.js';
import { FakeClock } from '../../support/fake-clock.js';
import { SettableView } from '../../support/settable-view.js';

const mint = new TokenMint();
const FRESH = { state: 'fresh', ageMs: 1_000 } as const;
const stale = (ageMs: number) => ({ state: 'stale', ageMs, why: 'old' }) as const;

class Scene {
  readonly view = new SettableView();
  readonly clock = new FakeClock();
  readonly uses: UseAfterRevoke[] = [];
  readonly failures: unknown[] = [];
  reviewed = 0;
  /** Runs after each check. */
  afterCheck: () => void = () => undefined;
  readonly streams: Streams;

  constructor(capacity = 1_000) {
    const guard = createGuard({
      view: this.view,
      keys: new PublicKeys({ keys: [mint.jwk] }),
      rules: {
        issuer: 'urn:offswitch:test',
        audience: 'offswitch',
        maxTtlS: 3600,
        stalenessMs: 10_000,
        skewMs: 1_000,
      },
      policy: 'best-effort',
      clock: this.clock,
      onUseAfterRevoke: (use) => this.uses.push(use),
    });
    this.streams = new Streams({
      check: (token, route) => {
        const verdict = guard.check(token, route);
        this.afterCheck();
        return verdict;
      },
      review: (token, route) => {
        this.reviewed += 1;
        return guard.checkWith('unasked', token, route);
      },
      isFresh: () => this.view.now.state === 'fresh',
      nowMs: () => this.clock.now().getTime(),
      onFailure: (error) => this.failures.push(error),
      capacity,
      tickMs: 5,
    });
  }

  open(policy: Policy = 'strict', claims = this.claims()) {
    const closed: Closing[] = [];
    const bound = this.streams.bind(mint.token(claims), (why) => closed.push(why), { policy });
    return { bound, closed, claims };
  }

  claims() {
    return mint.claims(this.clock.now().getTime() / 1000);
  }

  revoke(scope: 'org' | 'user' | 'device' | 'family' | 'kid', subject: string, generation = 2) {
    this.view.revoke(scope, subject, generation);
    this.streams.revoked(scope, subject);
  }
}

let scene: Scene;
beforeEach(() => {
  scene = new Scene();
});
afterEach(() => {
  scene.streams.closeAll();
});

describe('a live stream', () => {
  it.each(['org', 'user', 'device', 'family'] as const)(
    'is closed before the record of its %s has been done with',
    (scope) => {
      const { closed, claims } = scene.open();
      const other = scene.open();
      const name = { org: 'org', user: 'sub', device: 'did', family: 'fam' } as const;
      scene.revoke(scope, claims[name[scope]] as string);
      expect(closed).toEqual([`revoked.${scope}`]);
      expect([other.closed, scene.streams.size]).toEqual([[], 1]);
      // Nobody used a token after its end.
      expect(scene.uses).toEqual([]);
    },
  );

  it('is closed with the key that signed its token', () => {
    const opened = [scene.open(), scene.open('best-effort')];
    scene.revoke('kid', mint.kid);
    expect(opened.map(({ closed }) => closed)).toEqual([['key.revoked'], ['key.revoked']]);
  });

  it('outlives what does not reach its token', () => {
    const { closed, claims } = scene.open();
    scene.revoke('user', claims.sub as string, 1);
    scene.revoke('device', claims.sub as string);
    scene.revoke('user', newId());
    expect([closed, scene.streams.size]).toEqual([[], 1]);
  });

  it.each([1, 2])('has no gap between check %d and registration', (check) => {
    let checks = 0;
    const claims = scene.claims();
    scene.afterCheck = () => {
      checks += 1;
      if (checks === check) scene.revoke('user', claims.sub as string);
    };
    const { bound, closed } = scene.open('strict', claims);
    const refused = bound.kind === 'deny' && bound.reason === 'revoked.user';
    expect(refused || closed.includes('revoked.user')).toBe(true);
    expect(scene.streams.size).toBe(0);
  });

  it('is not begun with a token that would not be let in', () => {
    const claims = scene.claims();
    scene.revoke('user', claims.sub as string);
    expect(scene.open('strict', claims).bound).toEqual({ kind: 'deny', reason: 'revoked.user' });
    scene.view.now = stale(20_000);
    expect(scene.open().bound).toMatchObject({ kind: 'unsure', reason: 'view.stale' });
    expect(scene.streams.size).toBe(0);
  });

  it('is closed at the end of its token', async () => {
    const { closed, claims } = scene.open('best-effort');
    const longer = scene.open('strict', { ...scene.claims(), exp: (claims.exp as number) + 1 });
    scene.clock.advance(900_000);
    await eventually(() => closed.length > 0);
    expect(closed).toEqual(['token.expired']);
    expect(longer.closed).toEqual([]);
  });

  it('is closed by an old view as its policy says', async () => {
    const [strict, balanced, lax] = [
      scene.open('strict'),
      scene.open('balanced'),
      scene.open('best-effort'),
    ];
    scene.view.now = stale(10_001);
    await eventually(() => strict.closed.length > 0);
    expect([strict.closed, balanced.closed]).toEqual([['view.stale'], []]);
    scene.view.now = stale(30_001);
    await eventually(() => balanced.closed.length > 0);
    expect([balanced.closed, lax.closed]).toEqual([['view.stale'], []]);
  });

  it('is forgotten when it has ended by itself, whoever says so how often', () => {
    const { bound, closed, claims } = scene.open();
    if (bound.kind !== 'bound') throw new Error(bound.kind);
    bound.unbind();
    bound.unbind();
    scene.revoke('user', claims.sub as string);
    expect([closed, scene.streams.size]).toEqual([[], 0]);
  });

  it('that cannot be closed keeps no other one open, and somebody is told', () => {
    const claims = scene.claims();
    const broken = new Error('the socket is gone');
    scene.streams.bind(mint.token(claims), () => {
      throw broken;
    });
    const { closed } = scene.open('strict', claims);
    scene.revoke('user', claims.sub as string);
    expect([closed, scene.failures]).toEqual([['revoked.user'], [broken]]);
  });

  it('is a 503 when there are as many as there may be', () => {
    scene = new Scene(2);
    const [first] = [scene.open(), scene.open()];
    expect(scene.open().bound).toEqual({ kind: 'unsure', reason: 'streams.full' });
    if (first.bound.kind === 'bound') first.bound.unbind();
    expect(scene.open().bound.kind).toBe('bound');
  });

  it('costs a revocation of somebody else nothing', () => {
    const { view } = scene;
    for (let i = 0; i < 900; i += 1) scene.open();
    const { closed, claims } = scene.open();
    expect(view.now).toEqual(FRESH);
    scene.reviewed = 0;
    scene.revoke('user', claims.sub as string);
    expect([closed, scene.reviewed]).toEqual([['revoked.user'], 1]);
  });
});
