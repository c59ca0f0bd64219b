import kafkajs from 'kafkajs';
import pg from 'pg';
import { signedHeaders } from '../../src/contract/signed-message.js';
import { topicsWith } from '../../src/contract/topics.js';
import { newId, type CaseId } from '../../src/kernel/ids.js';
import { outboxRecord, type OutboxRecord } from '../../src/outbox/index.js';
import { RecordKeys } from '../../src/platform/crypto/key-ring.js';
import type { PrivateJwks } from '../../src/platform/crypto/private-jwks.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';
import type { Installation } from './installation.js';

/** Below what a broker takes in one request for a partition. */
const AT_ONCE = 2_000;
/** The installation's, unless it was told otherwise. */
const PARTITIONS = 3;

// As the service leaves a record whose broker has acknowledged it; the next watermark lists it.
const STORE = `
  with given as (
    select * from unnest($1::text[], $2::uuid[], $3::uuid[], $4::text[], $5::integer[], $6::bytea[], $7::bigint[])
        as g (digest, organization, case_id, key, partition, value, "offset")),
  o as (
    insert into outbox (digest, organization_id, case_id, key, partition, value)
    select digest, organization, case_id, key, partition, value from given),
  a as (
    insert into outbox_acks (digest, partition, "offset", acked_at)
    select digest, partition, "offset", clock_timestamp() from given)
  insert into outbox_pending (digest, partition) select digest, partition from given`;

/** Records of people who have left: signed, on the topic and in the outbox, and listed by watermarks when this resolves. */
export async function fillWindow(
  { brokers, secrets, databaseUrl }: Installation,
  organization: string,
  { records: count, stop }: { readonly records: number; readonly stop: AbortSignal },
): Promise<void> {
  const keys = new RecordKeys(JSON.parse(secrets.recordKeys) as PrivateJwks);
  const kafka = new kafkajs.Kafka({ brokers: [brokers], logLevel: kafkajs.logLevel.NOTHING });
  const producer = kafka.producer({
    ...{ idempotent: true, maxInFlightRequests: 1, allowAutoTopicCreation: false },
  });
  const client = new pg.Client({ connectionString: databaseUrl });
  await Promise.all([producer.connect(), client.connect()]);
  try {
    for (let left = count; left > 0; left -= AT_ONCE) {
      stop.throwIfAborted();
      const made = Array.from({ length: Math.min(AT_ONCE, left) }, () => recordOf(organization));
      await store(client, made, await produce(producer, keys, made));
    }
    for (;;) {
      stop.throwIfAborted();
      const { rows } = await client.query('select from outbox_pending limit 1');
      if (rows.length === 0) return;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await Promise.all([producer.disconnect(), client.end()]);
  }
}

function recordOf(organization: string): OutboxRecord {
  const made = newId<CaseId>();
  return outboxRecord(
    {
      ...{ v: 1, org: organization, scope: 'user', subject: newId(), generation: 2 },
      ...{ not_before: null, cause: 'scim', case: made },
      revoked_at: new Date().toISOString(),
      audit: Buffer.from(sha256(Buffer.from(made))).toString('base64url'),
    },
    PARTITIONS,
    sha256,
  );
}

/** @returns each record's offset */
async function produce(
  producer: kafkajs.Producer,
  { sign }: RecordKeys,
  made: readonly OutboxRecord[],
): Promise<readonly bigint[]> {
  const answers = await producer.send({
    topic: topicsWith('').revocations,
    acks: -1,
    messages: made.map(({ key, value, partition }) => ({
      ...{ key, partition, value: Buffer.from(value) },
      headers: { ...signedHeaders('revocation', value, sign) },
    })),
  });
  const next = new Map(
    answers.map(({ partition, baseOffset }) => [partition, BigInt(baseOffset ?? 0)]),
  );
  return made.map(({ partition }) => {
    const offset = next.get(partition) ?? 0n;
    next.set(partition, offset + 1n);
    return offset;
  });
}

async function store(
  client: pg.Client,
  made: readonly OutboxRecord[],
  offsets: readonly bigint[],
): Promise<void> {
  await client.query(STORE, [
    made.map(({ digest }) => digest),
    made.map(({ organization }) => organization),
    made.map((one) => one.case),
    made.map(({ key }) => key),
    made.map(({ partition }) => partition),
    made.map(({ value }) => value),
    offsets.map(String),
  ]);
}
