// P5: the log cannot be edited unseen. What is hashed is exactly what is stored.
import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  entryBytes,
  entryDigest,
  entryOf,
  entryRow,
  MAX_ENTRY_BYTES,
  type AuditEntry,
  type NewEntry,
} from '../../../src/audit/index.js';
import type { EntryId, OrganizationId } from '../../../src/kernel/ids.js';
import { sha256 } from '../../../src/platform/crypto/sha256.js';

const smallest: NewEntry = {
  id: '01930000-0000-7000-8000-000000000001' as EntryId,
  org: '01930000-0000-7000-8000-000000000002' as OrganizationId,
  at: '2026-11-23T09:00:00.123Z',
  action: 'user.deprovisioned',
  outcome: 'success',
  actor: { type: 'connection', id: '01930000-0000-7000-8000-000000000003' },
};
const text = (entry: AuditEntry): string => Buffer.from(entryBytes(entry)).toString('utf8');

describe('an entry', () => {
  it('has its final form: every member, sorted, without white space', () => {
    expect(text(entryOf(smallest))).toBe(
      '{"action":"user.deprovisioned","actor":{"id":"01930000-0000-7000-8000-000000000003","type":"connection"},' +
        '"at":"2026-11-23T09:00:00.123Z","case":null,"connection":null,"detail":{},' +
        '"id":"01930000-0000-7000-8000-000000000001","org":"01930000-0000-7000-8000-000000000002",' +
        '"outcome":"success","request_id":null,"sealed":null,"subject":null,"v":1}',
    );
  });

  it('is named by base64url(SHA-256) of its bytes', () => {
    const entry = entryOf(smallest);
    expect(entryDigest(entry, sha256)).toBe(
      createHash('sha256').update(entryBytes(entry)).digest('base64url'),
    );
  });

  it('has the same bytes whatever the order in which its members were written', () => {
    const { actor, ...rest } = smallest;
    const turned = entryOf({ ...rest, actor: { id: actor.id, type: actor.type } });
    expect(text(turned)).toBe(text(entryOf(smallest)));
  });

  it('sorts names by UTF-16 code units and writes numbers as RFC 8785 says', () => {
    // RFC 8785 §3.2.3: U+FB33 sorts behind the surrogate pair of U+1F600.
    const detail = { '\u20ac': 1e30, '\ufb33': 4.5, '\u{1f600}': 0.002, '1': 1e-27, '': -0 };
    expect(text(entryOf({ ...smallest, detail }))).toContain(
      '"detail":{"":0,"1":1e-27,"\u20ac":1e+30,"\u{1f600}":0.002,"\ufb33":4.5}',
    );
  });

  it.each([
    ['a lone surrogate in a value', { name: '\ud800' }],
    ['a lone surrogate in a name', { '\udc00': 'x' }],
    ['a number that JSON cannot say', { count: Number.NaN }],
    ['an infinite number', { count: Number.POSITIVE_INFINITY }],
  ])('is refused with %s', (_name, detail) => {
    expect(() => entryBytes(entryOf({ ...smallest, detail }))).toThrow(TypeError);
    expect(() => entryRow(entryOf({ ...smallest, detail }))).toThrow(TypeError);
  });

  it.each(['2026-11-23T09:00:00Z', '2026-11-23T10:00:00.123+01:00', 'yesterday'])(
    'is refused with the time %s',
    (at) => {
      expect(() => entryBytes(entryOf({ ...smallest, at }))).toThrow(TypeError);
    },
  );

  it.each(['x', '\u20ac'])('has at most 65,535 bytes, counted in UTF-8 (%s)', (letter) => {
    const size = Buffer.byteLength(letter);
    const empty = entryBytes(entryOf({ ...smallest, detail: { more: '' } })).length;
    const letters = Math.floor((MAX_ENTRY_BYTES - empty) / size);
    const filled = (count: number): AuditEntry =>
      entryOf({ ...smallest, detail: { more: letter.repeat(count) } });
    expect(entryBytes(filled(letters)).length).toBeLessThanOrEqual(MAX_ENTRY_BYTES);
    expect(() => entryBytes(filled(letters + 1))).toThrow(RangeError);
    expect(entryRow(filled(letters)).bytes).toHaveLength(empty + letters);
    expect(() => entryRow(filled(letters + 1))).toThrow(RangeError);
  });

  it('is read back from its bytes as what it was, whatever it says', () => {
    const json = fc.jsonValue({ noUnicodeString: false, maxDepth: 3 });
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'grapheme' }), json), (detail) => {
        const entry = entryOf({ ...smallest, detail: detail as AuditEntry['detail'] });
        const bytes = entryBytes(entry);
        expect(entryBytes(JSON.parse(Buffer.from(bytes).toString('utf8')))).toEqual(bytes);
      }),
    );
  });

  it('stores in its row the text whose bytes are hashed', () => {
    const entry = entryOf({ ...smallest, detail: { name: 'Zoë \u{1f600} "quoted" \u0000' } });
    expect(Buffer.from(entryRow(entry).bytes, 'utf8')).toEqual(Buffer.from(entryBytes(entry)));
  });
});
