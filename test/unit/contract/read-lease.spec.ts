// P9: fail closed; a gateway goes by a lease that it understands, or by none.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Lease } from '../../../src/contract/lease.js';
import { MessageRefused } from '../../../src/contract/read.js';
import { readJwks, readLease } from '../../../src/contract/read-lease.js';
import { TokenMint } from '../../support/access-tokens.js';
import { foreignIssuer } from '../../support/foreign-idp.js';

const { jwk } = new TokenMint();
const LEASE: Lease = {
  id: '0199d0a4-8f5e-7c33-9c57-0d6b6f2a1b04',
  lease_until: '2026-01-01T00:00:10.000Z',
  installation: '0199d0a4-8f5e-7c33-9c57-0d6b6f2a1b00',
  epoch: 0,
  partitions: 3,
  issuer: 'urn:offswitch:test',
  audience: 'offswitch',
  jwks_url: 'http://127.0.0.1:8420/.well-known/jwks.json',
  record_keys: { keys: [jwk] },
  staleness_ms: 10_000,
  max_clock_skew_ms: 1_000,
  max_ttl_s: 3_600,
  window_s: 3_601,
  kafka: { topics: { revocations: 'r', events: 'e', receipts: 'c' } },
};

describe('a lease', () => {
  it('is read as it is, with what a newer service adds', () => {
    expect(readLease(LEASE)).toEqual(LEASE);
    expect(readLease({ ...LEASE, later: 1 })).toMatchObject(LEASE);
    expect(readLease({ ...LEASE, window_s: 3_600.5 })).toMatchObject({ window_s: 3_600.5 });
  });

  it.each(Object.keys(LEASE))('is refused without its %s', (member) => {
    expect(() => readLease({ ...LEASE, [member]: undefined })).toThrow(MessageRefused);
    expect(() => readLease({ ...LEASE, [member]: null })).toThrow(MessageRefused);
  });

  it.each<[string, unknown]>([
    ['partitions', 0],
    ['partitions', 1.5],
    ['epoch', -1],
    ['staleness_ms', '10000'],
    ['window_s', Number.NaN],
    ['max_ttl_s', Infinity],
    ['lease_until', 'soon'],
    ['kafka', { topics: { revocations: 'r', events: 'e' } }],
    ['record_keys', []],
  ])('is refused when its %s is %j', (member, value) => {
    expect(() => readLease({ ...LEASE, [member]: value })).toThrow(MessageRefused);
  });

  it('is refused, and nothing else happens, whatever else comes', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(() => readLease(value)).toThrow(MessageRefused);
      }),
    );
  });
});

describe('the issuers of a lease', () => {
  const issuer = foreignIssuer();

  it('may be missing, and are read where they are there', () => {
    expect(readLease(LEASE).foreign_issuers).toBeUndefined();
    expect(readLease({ ...LEASE, foreign_issuers: [issuer] }).foreign_issuers).toEqual([issuer]);
  });

  it.each<[string, unknown]>([
    ['a kind of keys that we do not know', { ...issuer, jwks: null }],
    ['a policy that we do not know', { ...issuer, policy: 'paranoid' }],
    ['a life without an end', { ...issuer, max_ttl_s: Infinity }],
    ['no beginning', { ...issuer, not_before: null }],
    ['no organization', { ...issuer, org: '' }],
    ['no issuer at all', null],
  ])('are nobody’s with %s, and the lease holds', (_, other) => {
    const lease = readLease({ ...LEASE, foreign_issuers: [other, issuer] });
    expect(lease.foreign_issuers).toEqual([issuer]);
  });

  it('are refused as anything but a list', () => {
    expect(() => readLease({ ...LEASE, foreign_issuers: issuer })).toThrow(MessageRefused);
  });
});

describe('a set of keys', () => {
  it('is read without what is not ours: other kinds, private parts', () => {
    const foreign = [{ kty: 'RSA', n: 'x', e: 'AQAB', kid: 'rsa' }, null, 'key', { ...jwk, x: '' }];
    expect(readJwks({ keys: [...foreign, { ...jwk, d: 'private', alg: 'EdDSA' }] })).toEqual({
      keys: [jwk],
    });
  });

  it.each([null, [], 'keys', {}, { keys: {} }])('is refused when it is %j', (value) => {
    expect(() => readJwks(value)).toThrow(MessageRefused);
  });
});
