import { receiptBytes } from '../../src/contract/receipt.js';
import { recordKey } from '../../src/contract/revocation-record.js';
import {
  digestOf,
  partitionOf,
  signedBytes,
  signedHeaders,
} from '../../src/contract/signed-message.js';
import { watermarkKey } from '../../src/contract/watermark.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';
import {
  fakeId,
  INSTALLATION,
  iso,
  onTheTopic,
  PROCESS_KEY,
  RECORD_KEY,
  recordOf,
  START,
  STRANGER,
  TOPIC,
  writerOf,
} from './fake-installation.js';
import { foreignVectors } from './foreign-vectors.js';
import { tokenVectors } from './token-vectors.js';
import type { Written } from './topic-writer.js';
import { viewVectors } from './view-vectors.js';

const described = (name: string, key: string, written: Written) => ({
  name,
  key,
  ...onTheTopic(written),
  signed: Buffer.from(signedBytes(written.type, written.value)).toString(),
  digest: written.digest,
});

function messages() {
  const writer = writerOf();
  const records = [
    ['a user', recordOf(writer, 0x20, { generation: 2 })],
    ['a device', recordOf(writer, 0x30, { scope: 'device', generation: 7, cause: 'admin' })],
    ['a family', recordOf(writer, 0x40, { scope: 'family', generation: 1, cause: 'signal' })],
    [
      'an organization, after a recovery',
      recordOf(writer, 0x10, { scope: 'org', generation: 8_589_934_592, cause: 'incident' }),
    ],
    [
      'a signing key',
      recordOf(writer, 0, { scope: 'kid', subject: 'fake-leaked-key', not_before: 1_767_225_600 }),
    ],
    [
      'somebody of a foreign issuer',
      recordOf(writer, 0, {
        scope: 'ext',
        subject: digestOf(Buffer.from('https://idp.example\nada'), sha256),
        not_before: 1_767_225_600,
      }),
    ],
  ] as const;
  const genesis = writer.watermark(START);
  const next = writer.watermark(
    START + 1_000,
    records.map(([, record]) => record),
    { repair: [records[0][1].digest], kids: ['fake-leaked-key'] },
  );
  const receipt = {
    v: 1,
    gateway: fakeId(0x50),
    boot: fakeId(0x51),
    at: iso(START + 1_250),
    applied: [records[0][1].digest],
    partitions: [{ partition: 0, seq: 1, t: iso(START + 1_000) }],
  } as const;
  const value = Buffer.from(receiptBytes(receipt));
  const headers = signedHeaders('receipt', value, PROCESS_KEY.ring.sign);
  const digest = digestOf(value, sha256);
  return [
    ...records.map(([name, one]) => described(name, recordKey(one.record), one)),
    described('the first watermark of a chain', watermarkKey(0), genesis),
    described('the next one', watermarkKey(0), next),
    described('a receipt', receipt.gateway, { type: 'receipt', value, headers, digest }),
  ];
}

function refused() {
  const writer = writerOf();
  const record = recordOf(writer, 0x20, { generation: 2 });
  const bent = (fields: object): Written => {
    const value = Buffer.from(JSON.stringify({ ...record.record, ...fields }));
    return { ...record, value, headers: signedHeaders('revocation', value, RECORD_KEY.ring.sign) };
  };
  const headed = (headers: Record<string, string>): Written => ({
    ...record,
    headers: { ...record.headers, ...headers },
  });
  const all: readonly [string, Written][] = [
    ['signed by a key that the lease does not name', recordOf(writerOf(0, 1, STRANGER), 0x20)],
    [
      'the name of our key over somebody else’s signature',
      headed({
        'ofs-sig': recordOf(writerOf(0, 1, STRANGER), 0x20, { generation: 2 }).headers['ofs-sig']!,
      }),
    ],
    ['a record that calls itself a watermark', headed({ 'ofs-type': 'watermark' })],
    ['a type that is not known', headed({ 'ofs-type': 'rumour' })],
    ['a signature that is too short', headed({ 'ofs-sig': 'AAAA' })],
    [
      'one byte changed after it was signed',
      {
        ...record,
        value: Buffer.from(record.value.toString().replace('"generation":2', '"generation":9')),
      },
    ],
    ['a generation that is a text', bent({ generation: '2' })],
    ['a generation that is no integer', bent({ generation: 2.5 })],
    ['a negative generation', bent({ generation: -1 })],
    ['a generation and a time', bent({ not_before: 1 })],
    ['a scope that is not known', bent({ scope: 'planet' })],
    ['a key of one organization', bent({ scope: 'kid', generation: null, not_before: 1 })],
    ['a user of every organization', bent({ org: '*' })],
    ['no subject', bent({ subject: '' })],
    ['a time without milliseconds', bent({ revoked_at: '2026-01-01T00:00:00Z' })],
    ['no version', bent({ v: null })],
  ];
  return all.map(([name, written]) => ({ name, ...onTheTopic(written) }));
}

function partitions() {
  const subjects = ['org', 'user', 'device', 'family'].map((scope, i) => ({
    org: fakeId(0x10),
    scope: scope as 'org',
    subject: fakeId(0x10 + i),
  }));
  const keys = [...subjects.map(recordKey), '*/kid/fake-leaked-key'];
  return keys.map((key) => ({
    key,
    of: Object.fromEntries([1, 3, 16, 1_000].map((n) => [n, partitionOf(key, n, sha256)])),
  }));
}

function lease() {
  const { kty, crv, x, kid } = PROCESS_KEY.jwk;
  return {
    request: {
      boot: fakeId(0x51),
      version: '1.0.0',
      policy: 'strict',
      public_key: { kty, crv, x, kid },
    },
    answer: {
      id: fakeId(0x50),
      lease_until: iso(START + 10_000),
      installation: INSTALLATION,
      epoch: 1,
      partitions: 3,
      issuer: 'urn:offswitch:test',
      audience: 'offswitch',
      jwks_url: 'https://offswitch.example/.well-known/jwks.json',
      record_keys: RECORD_KEY.ring.publicJwks,
      staleness_ms: 10_000,
      max_clock_skew_ms: 1_000,
      max_ttl_s: 3_600,
      window_s: 3_601,
      foreign_issuers: foreignVectors().foreign_issuers.slice(0, 1),
      kafka: {
        topics: {
          revocations: TOPIC,
          events: 'offswitch.events.v1',
          receipts: 'offswitch.receipts.v1',
        },
      },
    },
  };
}

/** test/fixtures/protocol, by file. Nothing in it is left to chance: Ed25519 signs the same bytes the same way. */
export const protocolVectors = (): Readonly<Record<string, unknown>> => ({
  'keys.json': {
    records: RECORD_KEY.jwk,
    process: PROCESS_KEY.jwk,
    stranger: STRANGER.jwk,
  },
  'messages.json': messages(),
  'refused.json': refused(),
  'partitions.json': partitions(),
  'lease.json': lease(),
  'tokens.json': tokenVectors(),
  'foreign.json': foreignVectors(),
  'views.json': viewVectors(),
});

export const asText = (vectors: unknown): string => `${JSON.stringify(vectors, null, 2)}\n`;
