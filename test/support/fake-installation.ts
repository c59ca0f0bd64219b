import { FakeKey } from './fake-keys.js';
import { TopicWriter, type Written } from './topic-writer.js';

export const RECORD_KEY = new FakeKey('fake-record-key');
export const PROCESS_KEY = new FakeKey('fake-process-key');
export const STRANGER = new FakeKey('fake-stranger-key');

export const INSTALLATION = '00000000-0000-7000-8000-000000000001';
export const TOPIC = 'offswitch.revocations.v1';
export const START = Date.parse('2026-01-01T00:00:00.000Z');

/** A UUID that says which one it is. */
export const fakeId = (n: number): string =>
  `00000000-0000-7000-8000-${n.toString(16).padStart(12, '0')}`;

export const iso = (ms: number): string => new Date(ms).toISOString();

export const writerOf = (partition = 0, partitions = 1, key = RECORD_KEY): TopicWriter =>
  new TopicWriter({
    installation: INSTALLATION,
    topic: TOPIC,
    partition,
    partitions,
    keys: key.ring,
  });

/** A record without anything that chance decides. */
export const recordOf = (
  writer: TopicWriter,
  n: number,
  fields: Parameters<TopicWriter['record']>[0] = {},
) =>
  writer.record({
    ...(fields.scope === 'kid' ? {} : { org: fakeId(0x10) }),
    subject: fakeId(n),
    case: fakeId(0xca),
    revoked_at: iso(START),
    ...fields,
  });

/** As it lies on the topic. */
export const onTheTopic = ({ headers, value }: Written) => ({
  headers,
  value: value.toString(),
});
