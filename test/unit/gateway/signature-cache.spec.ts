// P2: dead stays dead; what is remembered of a token is bounded and never mistaken for another one's.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { AccessTokenClaims } from '../../../src/contract/access-token.js';
import type { TokenSubjects } from '../../../src/contract/judge-claims.js';
import { PublicKeys } from '../../../src/gateway/crypto/public-keys.js';
import { SignatureCache } from '../../../src/gateway/token/signature-cache.js';
import type { Subject } from '../../../src/gateway/view/subject.js';
import { TokenMint } from '../../support/access-tokens.js';

const mint = new TokenMint();
const key = new PublicKeys({ keys: [mint.jwk] }).find(mint.kid)!;
const claims = {} as AccessTokenClaims;
const subjects = {} as TokenSubjects<Subject>;
const known = (token: string) => ({ token, kid: mint.kid, key, claims, subjects });

describe('remembered signatures', () => {
  it('never are more than asked for, and never another token’s', () => {
    const token = fc
      .tuple(fc.constantFrom('a', 'b', 'c'), fc.nat(30))
      .map(([payload, signature]) => `h.${payload}.${signature}`);
    const step = fc.tuple(fc.constantFrom('add', 'find', 'drop'), token);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const cache = new SignatureCache(10);
        for (const [deed, text] of steps) {
          if (deed === 'add') cache.add(known(text));
          else if (deed === 'drop') cache.drop(text);
          else expect([undefined, text]).toContain(cache.find(text)?.token);
          expect(cache.size).toBeLessThanOrEqual(10);
        }
      }),
    );
  });

  it('stay while they are used', () => {
    const cache = new SignatureCache(10);
    cache.add(known('h.p.used'));
    for (let i = 0; i < 100; i += 1) {
      cache.add(known(`h.p.${i}`));
      expect(cache.find('h.p.used')).toBeDefined();
    }
    expect(cache.find('h.p.0')).toBeUndefined();
  });

  it('are all found again while there is room', () => {
    const tokens = Array.from({ length: 500 }, () => mint.token(mint.claims(1_000)));
    const cache = new SignatureCache(1_000);
    for (const token of tokens) cache.add(known(token));
    for (const token of tokens) expect(cache.find(token)?.token).toBe(token);
  });

  it('give way to a later token that ends alike, and are never taken for it', () => {
    const [one, other] = ['one.p.ENDS_ALIKE', 'other.p.ENDS_ALIKE'];
    const cache = new SignatureCache(10);
    cache.add(known(one));
    expect(cache.find(other)).toBeUndefined();
    cache.add(known(other));
    expect([cache.find(one), cache.find(other)?.token, cache.size]).toEqual([undefined, other, 1]);
  });

  it('need a size that is a count', () => {
    expect(() => new SignatureCache(Number.NaN)).toThrow(TypeError);
    expect(() => new SignatureCache(-1)).toThrow(TypeError);
  });
});
