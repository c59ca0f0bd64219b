// P6: trouble of ours is a 5xx; nobody makes a gateway ask the service more often than it wants.
import { describe, expect, it } from '@jest/globals';
import type { Jwks } from '../../../src/contract/lease.js';
import { TokenKeys } from '../../../src/gateway/token/token-keys.js';
import { TokenMint } from '../../support/access-tokens.js';
import { FakeClock } from '../../support/fake-clock.js';

function settable() {
  const state = { asked: 0, jwks: { keys: [] } as Jwks | null, failures: [] as unknown[] };
  const clock = new FakeClock();
  const keys = new TokenKeys({
    clock,
    fetch: async () => {
      state.asked += 1;
      await Promise.resolve();
      if (state.jwks === null) throw new Error('the service is away');
      return state.jwks;
    },
    onFailure: (error) => state.failures.push(error),
    onChange: () => undefined,
    floorMs: 5_000,
  });
  return { state, clock, keys };
}

describe('token keys', () => {
  it('are asked for once by all who want them at the same time', async () => {
    const { state, keys } = settable();
    const mint = new TokenMint();
    state.jwks = { keys: [mint.jwk] };
    expect(await Promise.all([keys.refresh(), keys.refresh(), keys.refresh()])).toEqual([
      true,
      true,
      true,
    ]);
    expect(state.asked).toBe(1);
    expect(keys.find(mint.kid)).toBeDefined();
  });

  it('are not asked for again too soon, however many want them', async () => {
    const { state, keys, clock } = settable();
    await keys.refresh();
    for (let i = 0; i < 100; i += 1) {
      expect(await keys.refresh()).toBe(false);
      clock.advance(49);
    }
    expect(state.asked).toBe(1);
    clock.advance(100);
    expect(await keys.refresh()).toBe(true);
    expect(state.asked).toBe(2);
  });

  it('stay when they cannot be had', async () => {
    const { state, keys, clock } = settable();
    const mint = new TokenMint();
    state.jwks = { keys: [mint.jwk] };
    await keys.refresh();
    state.jwks = null;
    clock.advance(5_000);
    expect(await keys.refresh()).toBe(false);
    expect(state.failures).toHaveLength(1);
    expect(keys.find(mint.kid)).toBeDefined();
  });

  it('are the same objects after a refresh that changed nothing', async () => {
    const { state, keys, clock } = settable();
    const [mint, next] = [new TokenMint(), new TokenMint('next')];
    state.jwks = { keys: [mint.jwk] };
    await keys.refresh();
    const before = keys.find(mint.kid);
    state.jwks = { keys: [mint.jwk, next.jwk] };
    clock.advance(5_000);
    await keys.refresh();
    expect(keys.find(mint.kid)).toBe(before);
    expect(keys.find('next')).toBeDefined();
  });

  it('go when the service no longer lists them', async () => {
    const { state, keys, clock } = settable();
    const mint = new TokenMint();
    state.jwks = { keys: [mint.jwk] };
    await keys.refresh();
    state.jwks = { keys: [] };
    clock.advance(5_000);
    await keys.refresh();
    expect(keys.find(mint.kid)).toBeUndefined();
    expect(keys.isEmpty).toBe(true);
  });
});
