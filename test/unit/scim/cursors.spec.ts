// P7: organizations never meet: a cursor goes on with its own search of its own connection, and with nothing else.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  newId,
  type ConnectionId,
  type OrganizationId,
  type ResourceId,
} from '../../../src/kernel/ids.js';
import { Sealer } from '../../../src/platform/crypto/sealer.js';
import { Cursors } from '../../../src/scim/cursors.js';
import { CURSOR_TIMEOUT_S } from '../../../src/scim/read/search-request.js';
import { FakeClock } from '../../support/fake-clock.js';

const place = { organization: newId<OrganizationId>(), connection: newId<ConnectionId>() };
const from = { key: 'ada', createdAt: '2026-11-27T00:00:00.000001', id: newId<ResourceId>() };
const asked = { search: '["userName pr",null,null]', count: 10 };
const clock = new FakeClock();
const cursors = new Cursors(new Sealer(new Uint8Array(32).fill(3)), clock);
const cursor = cursors.seal(place, { ...asked, total: 25, list: 1, from });

describe('a cursor', () => {
  it('goes on where its page ended', () => {
    expect(cursors.open(place, cursor, asked)).toEqual({ total: 25, list: 1, from });
  });

  it('tells nothing of whom it stopped at', () => {
    expect(Buffer.from(cursor, 'base64url').toString('latin1')).not.toMatch(/ada|2026-11/);
  });

  it.each([
    ['another organization', { ...place, organization: newId<OrganizationId>() }],
    ['another connection', { ...place, connection: newId<ConnectionId>() }],
  ])('of %s opens nothing', (_, other) => {
    expect(() => cursors.open(other, cursor, asked)).toThrow('scim.invalid_cursor');
  });

  it('of another search or another count is refused', () => {
    expect(() => cursors.open(place, cursor, { ...asked, search: '[null,null,null]' })).toThrow(
      'scim.invalid_cursor',
    );
    expect(() => cursors.open(place, cursor, { ...asked, count: 11 })).toThrow(
      'scim.invalid_count',
    );
  });

  it('that was altered, cut or made up is refused', () => {
    const altered = fc
      .tuple(fc.nat(cursor.length - 1), fc.constantFrom('A', 'B', '-', '!', ''))
      .map(([at, letter]) => cursor.slice(0, at) + letter + cursor.slice(at + 1))
      // Base64 has letters that mean the same: bits at the end that belong to no byte.
      .filter((each) => !Buffer.from(each, 'base64url').equals(Buffer.from(cursor, 'base64url')));
    const nonsense = fc.oneof(altered, fc.string(), fc.constant('A'.repeat(100_000)));
    fc.assert(
      fc.property(nonsense, (text) => {
        expect(() => cursors.open(place, text, asked)).toThrow('scim.invalid_cursor');
      }),
    );
  });

  it('ends when it said it would', () => {
    const late = new FakeClock();
    const own = new Cursors(new Sealer(new Uint8Array(32).fill(3)), late);
    const kept = own.seal(place, { ...asked, total: 25, list: 1, from });
    late.advance(CURSOR_TIMEOUT_S * 1000 - 1);
    expect(own.open(place, kept, asked).total).toBe(25);
    late.advance(1);
    expect(() => own.open(place, kept, asked)).toThrow('scim.expired_cursor');
  });
});
