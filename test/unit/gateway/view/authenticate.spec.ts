// P9: fail closed; what no record key vouches for changes nothing.
import { describe, expect, it } from '@jest/globals';
import { createHash } from 'node:crypto';
import type { Verify } from '../../../../src/contract/crypto-types.js';
import { authenticate, type Before } from '../../../../src/gateway/view/authenticate.js';
import { received, TopicWriter, type Written } from '../../../support/topic-writer.js';

class CountingProofs {
  verified = 0;
  readonly #verify: Verify;

  constructor(writer: TopicWriter) {
    this.#verify = writer.keys.verify;
  }

  readonly verify: Verify = (kid, message, signature) => {
    this.verified += 1;
    return this.#verify(kid, message, signature);
  };

  readonly digest = (value: Uint8Array): string =>
    createHash('sha256').update(value).digest('base64url');
}

const letWait: Before['letWait'] = (record) => record;
const NOW = Date.parse('2026-01-01T00:00:00Z');
const digests = (list: readonly { digest: string }[]): string[] => list.map((m) => m.digest);
const without = (written: Written, header: string): Written => ({
  ...written,
  headers: Object.fromEntries(Object.entries(written.headers).filter(([name]) => name !== header)),
});
const withHeader = (written: Written, header: string, value: string): Written => ({
  ...written,
  headers: { ...written.headers, [header]: value },
});

describe('messages of a batch', () => {
  it('are believed on one signature when a chain of watermarks covers them', () => {
    const writer = new TopicWriter();
    const proofs = new CountingProofs(writer);
    const messages: Written[] = [];
    for (let i = 0; i < 20; i += 1) {
      const records = [writer.record(), writer.record(), writer.record()];
      messages.push(...records, writer.watermark(NOW + i * 1000, records));
    }
    const { authentic, refused } = authenticate(messages.map(received), proofs);
    expect(digests(authentic)).toEqual(digests(messages));
    expect(refused).toBe(0);
    expect(proofs.verified).toBe(1);
  });

  it('are believed on their own signature when nothing covers them', () => {
    const writer = new TopicWriter();
    const messages = [writer.watermark(NOW), writer.record(), writer.record()];
    const { authentic } = authenticate(messages.map(received), new CountingProofs(writer));
    expect(digests(authentic)).toEqual(digests(messages));
  });

  it('need no signature of their own under a watermark that lists them', () => {
    const writer = new TopicWriter();
    const record = writer.record();
    const messages = [without(record, 'ofs-sig'), writer.watermark(NOW, [record])];
    const { authentic } = authenticate(messages.map(received), new CountingProofs(writer));
    expect(digests(authentic)).toEqual(digests(messages));
  });

  const writer = new TopicWriter();
  const stranger = new TopicWriter();
  const record = writer.record();
  const altered = {
    ...record,
    value: Buffer.from(record.value.toString().replace('"generation":1', '"generation":9')),
  };
  it.each<[string, Written]>([
    ['a record that another key signed', stranger.record()],
    ['a watermark that another key signed', stranger.watermark(NOW)],
    ['a record without a signature', without(record, 'ofs-sig')],
    ['a record without a key id', without(record, 'ofs-kid')],
    ['a record without a type', without(record, 'ofs-type')],
    ['a record whose bytes were changed', altered],
    ['a record that calls itself a watermark', withHeader(record, 'ofs-type', 'watermark')],
    ['a record that calls itself a receipt', withHeader(record, 'ofs-type', 'receipt')],
    ['no JSON', { ...record, value: Buffer.from('nonsense') }],
    ['an empty value', { ...record, value: Buffer.alloc(0) }],
  ])('are refused: %s', (_, message) => {
    const { authentic, refused } = authenticate([received(message)], new CountingProofs(writer));
    expect(authentic).toEqual([]);
    expect(refused).toBe(1);
  });

  it('are not believed because a forged watermark lists them', () => {
    const forged = stranger.record();
    const messages = [forged, stranger.watermark(NOW, [forged]), writer.watermark(NOW)];
    const { authentic, refused } = authenticate(messages.map(received), new CountingProofs(writer));
    expect(digests(authentic)).toEqual([messages[2]!.digest]);
    expect(refused).toBe(2);
  });

  it('do not vouch for a forged watermark that follows the true chain', () => {
    const honest = new TopicWriter();
    const first = honest.watermark(NOW);
    const forger = new TopicWriter({ installation: honest.installation });
    forger.seq = honest.seq;
    forger.prev = honest.prev;
    const forgery = forger.watermark(NOW + 2000);
    const second = honest.watermark(NOW + 1000);
    const { authentic } = authenticate(
      [first, forgery, second].map(received),
      new CountingProofs(honest),
    );
    expect(digests(authentic)).toEqual([first.digest, second.digest]);
  });

  it('wait for the watermark that lists them where one may come, and need no signature then', () => {
    const writer = new TopicWriter();
    const proofs = new CountingProofs(writer);
    const [listed, unlisted, later] = [writer.record(), writer.record(), writer.record()];
    const first = authenticate([without(listed, 'ofs-sig'), unlisted].map(received), proofs, {
      waiting: [],
      letWait,
    });
    expect([first.authentic, first.refused, proofs.verified]).toEqual([[], 0, 0]);
    const watermark = writer.watermark(NOW, [listed]);
    const { waiting } = first;
    const second = authenticate([watermark, later].map(received), proofs, { waiting, letWait });
    expect(digests(second.authentic)).toEqual([listed.digest, watermark.digest]);
    expect(digests(second.waiting.map(({ content }) => content))).toEqual([
      unlisted.digest,
      later.digest,
    ]);
    expect([second.refused, proofs.verified]).toEqual([0, 1]);
    expect(second.waiting.map(({ passedOver }) => passedOver)).toEqual([1, 0]);
  });

  it('know how many rounds have ended behind them, by what our keys vouch for alone', () => {
    const [writer, stranger] = [new TopicWriter(), new TopicWriter()];
    const messages = [
      writer.record(),
      writer.watermark(NOW, [], { more: true }),
      stranger.watermark(NOW),
      writer.watermark(NOW),
      writer.record(),
      writer.watermark(NOW + 1_000),
      writer.record(),
    ].map(received);
    const { waiting } = authenticate(messages, new CountingProofs(writer), {
      waiting: [],
      letWait,
    });
    expect(waiting.map(({ passedOver }) => passedOver)).toEqual([2, 1, 0]);
  });

  it('are refused after they have waited, when neither a watermark nor a signature vouches for them', () => {
    const writer = new TopicWriter();
    const proofs = new CountingProofs(writer);
    const [good, forged] = [writer.record(), new TopicWriter().record()];
    const { waiting } = authenticate([good, forged].map(received), proofs, {
      waiting: [],
      letWait,
    });
    const { authentic, refused } = authenticate([], proofs, { waiting, letWait: () => null });
    expect([digests(authentic), refused]).toEqual([[good.digest], 1]);
  });
});
