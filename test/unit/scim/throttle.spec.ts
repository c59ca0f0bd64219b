// P8: a deprovision is never throttled, however it is written. IPSIE AL1: 25 requests a second are never put off.
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DomainError } from '../../../src/kernel/domain-error.js';
import { newId, type ConnectionId } from '../../../src/kernel/ids.js';
import { mayRevoke, Throttle, type ThrottledRequest } from '../../../src/scim/throttle.js';
import { FakeClock } from '../../support/fake-clock.js';

const asked = (
  method: string,
  route: string,
  body: string | Uint8Array = '',
  encoding?: string,
): ThrottledRequest => ({
  method,
  route,
  body: Buffer.from(body as string),
  encoding,
});
const ONE = '/scim/v2/Users/:id';
const get = asked('GET', ONE);
const connection = newId<ConnectionId>();

function throttled(perSecond: number) {
  const clock = new FakeClock();
  const throttle = new Throttle(perSecond, clock);
  const admits = (request: ThrottledRequest, of = connection): boolean => {
    try {
      throttle.admit(of, request);
      return true;
    } catch (error) {
      if (error instanceof DomainError && error.code === 'request.throttled') return false;
      throw error;
    }
  };
  return { clock, admits };
}

describe('a connection', () => {
  it('asks 25 times a second for an hour and is never put off, at the least that can be set', () => {
    const { clock, admits } = throttled(25);
    let putOff = 0;
    for (let i = 0; i < 3_600 * 25; i += 1) {
      putOff += admits(get) ? 0 : 1;
      clock.advance(40);
    }
    expect(putOff).toBe(0);
  });

  it('is put off beyond its rate, and no other is', () => {
    const { clock, admits } = throttled(100);
    const admitted = (times: number) =>
      Array.from({ length: times }, () => admits(get)).filter((isIn) => isIn).length;
    expect(admitted(5_000)).toBe(1_000);
    clock.advance(1_000);
    expect(admitted(5_000)).toBe(100);
    expect(admits(get, newId<ConnectionId>())).toBe(true);
  });

  it('says who is gone however much it asks, and that costs it nothing', () => {
    const { admits } = throttled(100);
    const gone = asked(
      'PATCH',
      ONE,
      '{"Operations": [{"op": "replace", "value": {"active": false}}]}',
    );
    expect(Array.from({ length: 5_000 }, () => admits(gone))).not.toContain(false);
    expect(Array.from({ length: 1_000 }, () => admits(get))).not.toContain(false);
    expect(admits(get)).toBe(false);
    for (const request of [gone, asked('DELETE', ONE), asked('POST', '/scim/v2/Bulk')])
      expect(admits(request)).toBe(true);
  });
});

describe('what may take access away', () => {
  it.each([
    ['a DELETE', asked('DELETE', ONE)],
    ["Entra's", asked('PATCH', ONE, '{"path": "active", "value": "False"}')],
    ['in capitals', asked('PUT', ONE, '{"ACTIVE": false}')],
    ['with escapes', asked('PUT', ONE, String.raw`{"\u0061ctive": false}`)],
    ['in UTF-16', asked('PATCH', ONE, Buffer.from('{"active": false}', 'utf16le'))],
    ['in what is no JSON', asked('PATCH', ONE, '{"active": fal')],
    ['compressed', asked('PATCH', ONE, gzipSync('{"active": false}'), 'gzip')],
    ['compressed in a way that we do not know', asked('PUT', ONE, '\u0001', ' ZSTD')],
    ['by the name of somebody who is there', asked('POST', '/scim/v2/Users', '{"active": false}')],
    ['in bulk', asked('POST', '/scim/v2/Bulk', '{"Operations": [{"method": "DELETE"}]}')],
    ['from a group', asked('PATCH', '/scim/v2/Groups/:id', '{"op": "remove", "path": "members"}')],
    ['a method that there is none of yet', asked('PURGE', ONE)],
  ])('passes: %s', (_, request) => {
    expect(mayRevoke(request)).toBe(true);
  });

  it.each([
    ['a question', get],
    ['a search', asked('POST', '/scim/v2/.search', '{"filter": "active eq true"}')],
    ['a rename', asked('PATCH', ONE, '{"path": "title", "value": "x"}')],
    ['a new person', asked('POST', '/scim/v2/Users', '{"userName": "ada"}')],
    ['nothing', asked('PUT', ONE)],
    ['a rename that says that it is not compressed', asked('PUT', ONE, '{}', 'Identity')],
    ['a new person, compressed', asked('POST', '/scim/v2/Users', '\u0001', 'gzip')],
  ])('is not %s', (_, request) => {
    expect(mayRevoke(request)).toBe(false);
  });

  it('is found wherever the name stands in a body, by any writing that JSON has', () => {
    const letters = Array.from('active', (letter) =>
      fc.constantFrom(letter, letter.toUpperCase(), `\\u00${letter.charCodeAt(0).toString(16)}`),
    );
    const name = fc.tuple(...letters).map((all) => all.join(''));
    fc.assert(
      fc.property(fc.json(), name, fc.json(), (before, written, after) => {
        const body = `[${before}, {"${written}": false}, ${after}]`;
        expect(mayRevoke(asked('PATCH', ONE, body))).toBe(true);
      }),
    );
  });
});
