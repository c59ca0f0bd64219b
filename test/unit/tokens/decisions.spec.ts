// P2: dead stays dead; whatever was issued below a present generation is refused, and a missing row refuses.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DeviceId, FamilyId, OrganizationId, UserId } from '../../../src/kernel/ids.js';
import { accessClaims } from '../../../src/tokens/domain/access-claims.js';
import { decideIssue, type BeforeIssue } from '../../../src/tokens/domain/decide-issue.js';
import { decideRedemption } from '../../../src/tokens/domain/decide-redemption.js';
import { decideRefresh, type Shown } from '../../../src/tokens/domain/decide-refresh.js';
import type { Family } from '../../../src/tokens/domain/family.js';
import { NOBODY, type Standing, type Standings } from '../../../src/tokens/domain/standing.js';

const AT = new Date('2026-01-01T00:00:00.500Z');
const later = (ms: number): Date => new Date(AT.getTime() + ms);
const DAY_MS = 86_400_000;
const standing = (generation = 1, holds: string[] = []): Standing => ({ generation, holds });

const family = (more: Partial<Family> = {}): Family => ({
  id: 'family' as FamilyId,
  organization: 'org' as OrganizationId,
  at: AT,
  owner: 'anna' as UserId,
  device: 'device' as DeviceId,
  deviceIdentifier: 'laptop',
  issued: { o: 1, u: 1, d: 1, f: 1 },
  standings: { org: standing(), user: standing(), device: standing(), family: standing() },
  scopes: ['devices:write'],
  accessTtlS: 900,
  policy: null,
  bootstrapExpiresAt: later(1),
  redeemedAt: null,
  counter: 0,
  refreshDigest: null,
  refreshedAt: null,
  expiresAt: later(30 * DAY_MS),
  revokedKids: [],
  ...more,
});
const redeemed = (more: Partial<Family> = {}): Family =>
  family({ redeemedAt: AT, refreshedAt: AT, refreshDigest: new Uint8Array(32), ...more });
const laptop = { deviceIdentifier: 'laptop', organization: null, deviceId: null };

const standings = fc.record({
  org: fc.option(fc.record({ generation: fc.nat(3), holds: fc.array(fc.constant('admin')) })),
  user: fc.option(fc.record({ generation: fc.nat(3), holds: fc.array(fc.constant('admin')) })),
  device: fc.option(fc.record({ generation: fc.nat(3), holds: fc.array(fc.constant('admin')) })),
  family: fc.option(fc.record({ generation: fc.nat(3), holds: fc.array(fc.constant('admin')) })),
});
const issued = fc.record({ o: fc.nat(3), u: fc.nat(3), d: fc.nat(3), f: fc.nat(3) });
const mayPass = (own: Family['issued'], now: Standings): boolean =>
  (['org', 'user', 'device', 'family'] as const).every((scope, i) => {
    const row = now[scope];
    return (
      row !== null && row.holds.length === 0 && [own.o, own.u, own.d, own.f][i]! >= row.generation
    );
  });

describe('redeeming', () => {
  it('passes exactly when no row is missing, held, or above what the token was issued under', () => {
    fc.assert(
      fc.property(issued, standings, (own, now) => {
        const no = decideRedemption(family({ issued: own, standings: now }), laptop);
        return (no === null) === mayPass(own, now);
      }),
    );
  });

  it.each<[string, Partial<Family>]>([
    ['used', { redeemedAt: AT }],
    ['expired at this very moment', { bootstrapExpiresAt: AT }],
  ])('refuses a token that is %s', (_, more) => {
    expect(decideRedemption(family(more), laptop)).toEqual({ refused: 'token.invalid' });
  });

  it.each([
    [{ ...laptop, organization: 'org' }, null],
    [{ ...laptop, deviceId: 'laptop' }, null],
    [{ ...laptop, deviceId: 'device' }, null],
    [{ ...laptop, organization: 'another' }, 'token.bound_elsewhere'],
    [{ ...laptop, deviceIdentifier: 'phone' }, 'token.bound_elsewhere'],
    [{ ...laptop, deviceIdentifier: 'LAPTOP' }, 'token.bound_elsewhere'],
    [{ ...laptop, deviceId: 'phone' }, 'token.bound_elsewhere'],
  ])('by %j answers %s', (redeemer, code) => {
    expect(decideRedemption(family(), redeemer)?.refused ?? null).toBe(code);
  });
});

describe('refreshing', () => {
  const shown = fc.constantFrom<Shown>('present', 'previous', 'older');

  it('tells a secret only when no row is missing, held, or above what the token was issued under', () => {
    fc.assert(
      fc.property(issued, standings, shown, (own, now, which) => {
        const decision = decideRefresh(redeemed({ issued: own, standings: now }), which);
        const told = decision === 'rotate' || decision === 'repeat';
        return !told || mayPass(own, now);
      }),
    );
  });

  it('never takes a dead or expired token for a reuse: there is nothing left to end', () => {
    const dead = { standings: { ...family().standings, user: standing(2) } };
    for (const more of [dead, { expiresAt: AT }, { refreshedAt: later(-7 * DAY_MS - 1) }])
      for (const which of ['present', 'previous', 'older'] as const)
        expect(decideRefresh(redeemed(more), which)).toEqual({ refused: 'token.invalid' });
  });

  it.each<[Shown, number, unknown]>([
    ['present', 0, 'rotate'],
    ['present', 7 * DAY_MS, 'rotate'],
    ['present', 7 * DAY_MS + 1, { refused: 'token.invalid' }],
    ['previous', 0, 'repeat'],
    ['previous', 10_000, 'repeat'],
    ['previous', 10_001, 'reuse'],
    ['older', 0, 'reuse'],
  ])('by the %s secret %d ms after it was made: %j', (which, ageMs, decision) => {
    expect(decideRefresh(redeemed({ refreshedAt: later(-ageMs) }), which)).toEqual(decision);
  });

  it('finds a reuse also while the person is held: a hold may end, a theft does not', () => {
    const held = { standings: { ...family().standings, user: standing(1, ['unreadable:x']) } };
    expect(decideRefresh(redeemed(held), 'older')).toBe('reuse');
    expect(decideRefresh(redeemed(held), 'present')).toEqual({ refused: 'user.held' });
  });

  it('refuses a token that was never redeemed', () => {
    expect(decideRefresh(family(), 'older')).toEqual({ refused: 'token.invalid' });
  });
});

describe('issuing', () => {
  const [anna, ben] = ['anna' as UserId, 'ben' as UserId];
  const before = (more: Partial<BeforeIssue> = {}): BeforeIssue => ({
    owner: anna,
    isNamed: true,
    isNewDevice: false,
    holders: [anna],
    isActive: true,
    isKeyLive: true,
    allowsOwnerless: false,
    org: standing(2),
    user: standing(3),
    device: standing(4),
    epoch: 1,
    ...more,
  });
  const nobody: Partial<BeforeIssue> = { owner: null, isNamed: false, user: null, holders: [] };

  it.each<[string, Partial<BeforeIssue>, unknown]>([
    ['to the holder', {}, { assigns: false, endsDevice: false, d: 4, u: 3 }],
    [
      'of a new device',
      { isNewDevice: true, holders: [] },
      { assigns: true, endsDevice: false, d: 4, u: 3 },
    ],
    ['of an unowned device', { holders: [] }, { assigns: true, endsDevice: true, d: 5, u: 3 }],
    [
      'of an unowned device, after a recovery',
      { holders: [], epoch: 2 },
      { assigns: true, endsDevice: true, d: 2 * 2 ** 32, u: 3 },
    ],
    ['beside another holder', { holders: [ben] }, { assigns: true, endsDevice: false, d: 4, u: 3 }],
    [
      'to the one holder, unnamed',
      { isNamed: false },
      { assigns: false, endsDevice: false, d: 4, u: 3 },
    ],
    [
      'to nobody, where that is allowed',
      { ...nobody, allowsOwnerless: true },
      { assigns: false, endsDevice: false, d: 4, u: 0 },
    ],
  ])('%s', (_, more, expected) => {
    const { assigns, endsDevice, d, u } = expected as Record<string, unknown>;
    expect(decideIssue(before(more))).toEqual({
      assigns,
      endsDevice,
      generations: { o: 2, u, d, f: 1 },
    });
  });

  it.each<[string, Partial<BeforeIssue>, string]>([
    ['nobody holds the device', nobody, 'device.owner_required'],
    [
      'several hold it',
      { ...nobody, holders: [anna, ben], allowsOwnerless: true },
      'device.owner_required',
    ],
    ['no resource of the user is active', { isActive: false }, 'user.closed'],
    ['the user is held', { user: standing(3, ['scim:x']) }, 'user.held'],
    ['the user has no row', { user: null }, 'user.held'],
    ['the device is held', { device: standing(4, ['admin']) }, 'device.held'],
    ['the device has no row', { device: null }, 'device.held'],
    ['the organization is held', { org: standing(2, ['incident']) }, 'organization.held'],
    ['the organization has no row', { org: null }, 'organization.held'],
    ['the API key has ended', { isKeyLive: false }, 'credential.invalid'],
  ])('is refused when %s', (_, more, code) => {
    expect(decideIssue(before(more))).toMatchObject({ refused: code });
  });

  it('looks again when the device has changed hands', () => {
    expect(decideIssue(before({ isNamed: false, holders: [ben] }))).toBe('moved');
    expect(decideIssue(before({ isNamed: false, holders: [] }))).toBe('moved');
    expect(decideIssue(before({ ...nobody, holders: [ben], allowsOwnerless: true }))).toBe('moved');
  });
});

describe('an access token', () => {
  const by = { issuer: 'urn:offswitch:test', audience: 'offswitch' };

  it('says whose it is and what it was issued under', () => {
    expect(accessClaims(redeemed(), by, 'jti')).toEqual({
      iss: 'urn:offswitch:test',
      aud: 'offswitch',
      sub: 'anna',
      client_id: 'device',
      did: 'device',
      org: 'org',
      fam: 'family',
      jti: 'jti',
      iat: AT.getTime() / 1000 - 0.5,
      exp: AT.getTime() / 1000 - 0.5 + 900,
      scope: 'devices:write',
      gen: { o: 1, u: 1, d: 1, f: 1 },
    });
  });

  it('of nobody is the device itself, at user generation 0', () => {
    const ownerless = redeemed({
      owner: null,
      issued: { o: 1, u: 0, d: 1, f: 1 },
      standings: { ...family().standings, user: NOBODY },
    });
    expect(decideRefresh(ownerless, 'present')).toBe('rotate');
    expect(accessClaims(ownerless, by, 'jti')).toMatchObject({
      sub: 'device',
      gen: { o: 1, u: 0, d: 1, f: 1 },
    });
  });

  it('carries what its organization asks of gateways, if that asks for anything', () => {
    expect(accessClaims(redeemed(), by, 'jti')).not.toHaveProperty('pol');
    expect(accessClaims(redeemed({ policy: 'balanced' }), by, 'jti').pol).toBe('balanced');
  });

  it('never lives longer than an hour, nor longer than its device token', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.nat(100_000), (accessTtlS, leftS) => {
        const { iat, exp } = accessClaims(
          redeemed({ accessTtlS, expiresAt: later(leftS * 1000) }),
          by,
          'jti',
        );
        return exp - iat <= 3600 && exp * 1000 <= later(leftS * 1000).getTime();
      }),
    );
  });
});
