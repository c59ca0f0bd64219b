import type { AuditLog } from '../../src/audit/index.js';
import { PostgresAuditLog } from '../../src/audit/postgres/postgres-audit-log.js';
import { PostgresCases } from '../../src/cases/postgres-cases.js';
import { readWatermark } from '../../src/contract/read.js';
import type { RevocationRecord } from '../../src/contract/revocation-record.js';
import type { Watermark } from '../../src/contract/watermark.js';
import { newId, type CaseId, type Id, type OrganizationId } from '../../src/kernel/ids.js';
import type { Transactions, Tx } from '../../src/kernel/tx.js';
import { CoalescingPublisher } from '../../src/outbox/coalescing-publisher.js';
import { genesis, type ChainName } from '../../src/outbox/domain/watermarks.js';
import { outboxRecord, type OutboxRecord } from '../../src/outbox/index.js';
import { OutboxMetrics } from '../../src/outbox/outbox-metrics.js';
import { PostgresOutbox } from '../../src/outbox/postgres-outbox.js';
import { storeGenesis } from '../../src/outbox/postgres/heads.js';
import { SetAsideRecords } from '../../src/outbox/set-aside-records.js';
import { Sweeper } from '../../src/outbox/sweeper.js';
import { WatermarkWriter, type WatermarkParts } from '../../src/outbox/watermark-writer.js';
import { RecordKeys } from '../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks } from '../../src/platform/crypto/private-jwks.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';
import { TopicGate } from '../../src/platform/kafka/topic-gate.js';
import { TopicKeeper } from '../../src/platform/kafka/topic-keeper.js';
import { TopicProducer, type OutgoingMessage } from '../../src/platform/kafka/topic-producer.js';
import { PinoLog } from '../../src/platform/log/pino-log.js';
import { Loops } from '../../src/platform/loop/loops.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { WalkTimes } from '../../src/platform/metrics/walk-times.js';
import { systemClock, World } from './world.js';

export const silentLog = new PinoLog({ level: 'silent', pretty: false });

/** A message as a topic keeps it. */
export interface Stored extends OutgoingMessage {
  readonly offset: number;
}

/** A topic in memory: what it has, all in-sync replicas have. */
export class MemoryTopic extends TopicProducer {
  readonly stored: Stored[] = [];
  /** How many messages each request carried. */
  readonly requests: number[] = [];

  override send(_: string, messages: readonly OutgoingMessage[]): Promise<readonly number[]> {
    this.requests.push(messages.length);
    return Promise.resolve(
      messages.map((message) => {
        const offset = this.stored.filter((one) => one.partition === message.partition).length;
        this.stored.push({ ...message, offset });
        return offset;
      }),
    );
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }

  ofType(type: string, partition?: number): Stored[] {
    return this.stored.filter(
      (one) =>
        one.headers['ofs-type'] === type &&
        (partition === undefined || one.partition === partition),
    );
  }

  digests(): string[] {
    return this.ofType('revocation').map(({ value }) => digestOf(value));
  }

  /** The chain as a follower reads it: repeats of the same bytes say nothing new. */
  chain(partition: number): { readonly digest: string; readonly watermark: Watermark }[] {
    const links = new Map<string, Watermark>();
    for (const { value } of this.ofType('watermark', partition))
      links.set(digestOf(value), readWatermark(Buffer.from(value).toString('utf8')));
    return [...links].map(([digest, watermark]) => ({ digest, watermark }));
  }
}

export const digestOf = (value: Uint8Array): string =>
  Buffer.from(sha256(value)).toString('base64url');

/** Stands before a producer and breaks it: `before` the broker has stored the messages, or `after`. */
export class BreakingProducer extends TopicProducer {
  readonly #inner: TopicProducer;
  readonly #breaks: (messages: readonly OutgoingMessage[]) => 'before' | 'after' | 'never';
  failures = 0;

  constructor(
    inner: TopicProducer,
    breaks: (messages: readonly OutgoingMessage[]) => 'before' | 'after' | 'never',
  ) {
    super();
    this.#inner = inner;
    this.#breaks = breaks;
  }

  override async send(
    topic: string,
    messages: readonly OutgoingMessage[],
  ): Promise<readonly number[]> {
    const moment = this.#breaks(messages);
    if (moment === 'before') return this.#fail();
    const offsets = await this.#inner.send(topic, messages);
    return moment === 'after' ? this.#fail() : offsets;
  }

  override close(): Promise<void> {
    return this.#inner.close();
  }

  #fail(): never {
    this.failures += 1;
    throw new Error('the broker broke');
  }
}

class ContentKeeper extends TopicKeeper {
  override check(): Promise<readonly string[]> {
    return Promise.resolve([]);
  }
}

/** A gate before topics that are always as they must be. */
const openGate = (): TopicGate => new TopicGate(new ContentKeeper(), silentLog);

export interface ReplicaOptions {
  readonly producer: TopicProducer;
  readonly sideProducer?: TopicProducer;
  readonly watermarkProducer?: TopicProducer;
  readonly gate?: TopicGate;
  readonly transactions?: Transactions;
  readonly mostWaiting?: number;
  readonly marksApartMs?: number;
  readonly leaseMs?: number;
  readonly everyMs?: number;
  readonly maxBytes?: number;
}

/** What a process of the service works on. */
export interface Ground {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly installation: Id<'installation'>;
  readonly topic: string;
  readonly keys: RecordKeys;
}

/** One process of the service, as far as the outbox is concerned. */
export class Replica {
  readonly id = newId<'writer'>();
  /** What it found missing in its database. */
  readonly forgotten: string[] = [];
  readonly loops = new Loops(silentLog);
  readonly metrics = new OutboxMetrics(new Metrics());
  readonly gate: TopicGate;
  readonly publisher: CoalescingPublisher;
  readonly sweeper: Sweeper;
  readonly #world: Ground;
  readonly #options: ReplicaOptions;
  readonly #transactions: Transactions;

  constructor(world: Ground, options: ReplicaOptions) {
    this.#world = world;
    this.#options = options;
    this.#transactions = options.transactions ?? world.transactions;
    this.gate = options.gate ?? openGate();
    const common = {
      transactions: this.#transactions,
      gate: this.gate,
      log: silentLog,
      metrics: this.metrics,
    };
    const aside = new SetAsideRecords({
      ...common,
      audit: world.audit,
      installation: world.installation,
    });
    this.publisher = new CoalescingPublisher(
      {
        ...common,
        topic: world.topic,
        producer: options.producer,
        sideProducer: options.sideProducer ?? options.producer,
        sign: world.keys.sign,
        refused: (record, why) => aside.refused(record, why),
        clock: systemClock,
        times: new WalkTimes(new Metrics()),
        marksApartMs: options.marksApartMs ?? 0,
      },
      options.mostWaiting,
    );
    this.sweeper = new Sweeper({ ...common, publisher: this.publisher });
    this.loops.start('gate', (stop) => this.gate.run(stop));
  }

  publish(): this {
    this.loops.start('publisher', (stop) => this.publisher.run(stop));
    return this;
  }

  sweep(): this {
    this.loops.start('sweeper', (stop) => this.sweeper.run(stop));
    return this;
  }

  watermarks(partition = 0): this {
    const writer = this.writer(partition);
    this.loops.start('watermarks', (stop) => writer.run(stop));
    return this;
  }

  writer(partition = 0, more: Partial<WatermarkParts> = {}): WatermarkWriter {
    const { leaseMs = 2_000, everyMs = 20, maxBytes, producer, watermarkProducer } = this.#options;
    return new WatermarkWriter({
      topic: this.#world.topic,
      partition,
      writer: { id: this.id, leaseMs },
      transactions: this.#transactions,
      producer: watermarkProducer ?? producer,
      gate: this.gate,
      publisher: this.publisher,
      sign: this.#world.keys.sign,
      hash: sha256,
      clock: systemClock,
      log: silentLog,
      metrics: this.metrics,
      onForgotten: (why) => this.forgotten.push(why),
      everyMs,
      ...(maxBytes === undefined ? {} : { maxBytes }),
      ...more,
    });
  }

  async stop(): Promise<void> {
    await Promise.all([this.loops.stop(), this.publisher.close()]);
  }
}

/** The outbox on a database of its own. */
export class OutboxWorld {
  readonly audit = new PostgresAuditLog();
  readonly cases = new PostgresCases();
  readonly outbox = new PostgresOutbox();
  readonly keys = new RecordKeys(generatePrivateJwks());
  readonly installation = newId<Id<'installation'>>();
  readonly #replicas: Replica[] = [];

  private constructor(
    readonly world: World,
    readonly partitions: number,
    readonly topic: string,
  ) {}

  static async open(partitions = 1, topic = 'offswitch.revocations.v1'): Promise<OutboxWorld> {
    const self = new OutboxWorld(await World.open(), partitions, topic);
    await self.begin();
    return self;
  }

  get transactions(): Transactions {
    return this.world.transactions;
  }

  /** The genesis of each chain. */
  async begin(t = new Date()): Promise<void> {
    await this.transactions.run('background', (tx) =>
      storeGenesis(
        tx,
        Array.from({ length: this.partitions }, (_, partition) =>
          genesis(this.chain(partition), t, sha256),
        ),
      ),
    );
  }

  /** An empty outbox with new chains, for the next test of a file. */
  async empty(): Promise<void> {
    await Promise.all(this.#replicas.splice(0).map((replica) => replica.stop()));
    await this.world.query(
      'truncate outbox, outbox_pending, outbox_acks, outbox_covers, outbox_refused, watermark_heads, revoked_kids',
    );
    await this.begin();
  }

  async close(): Promise<void> {
    await Promise.all(this.#replicas.map((replica) => replica.stop()));
    await this.world.close();
  }

  chain(partition: number): ChainName {
    return {
      installation: this.installation,
      topic: this.topic,
      partition,
      partitions: this.partitions,
      epoch: 1,
    };
  }

  replica(options: ReplicaOptions): Replica {
    const replica = new Replica(this, options);
    this.#replicas.push(replica);
    return replica;
  }

  record(fields: Partial<RevocationRecord> = {}): OutboxRecord {
    return outboxRecord(
      {
        v: 1,
        org: newId(),
        scope: 'user',
        subject: newId(),
        generation: 2,
        not_before: null,
        cause: 'scim',
        case: newId(),
        revoked_at: new Date().toISOString(),
        audit: digestOf(Buffer.from('the entry')),
        ...fields,
      },
      this.partitions,
      sha256,
    );
  }

  records(count: number, fields: Partial<RevocationRecord> = {}): OutboxRecord[] {
    return Array.from({ length: count }, () => this.record(fields));
  }

  /** Commits records to the outbox, as the heart does. */
  async commit(records: readonly OutboxRecord[]): Promise<Date> {
    await this.transactions.run('deprovision', (tx) => this.outbox.enqueue(tx, records));
    return new Date();
  }

  /** A case of a user with one record, committed. */
  async openCase(
    organization: OrganizationId,
    revokedAt = new Date(),
  ): Promise<{ readonly id: CaseId; readonly record: OutboxRecord }> {
    const id = newId<CaseId>();
    const user = newId();
    const record = this.record({ org: organization, subject: user, case: id });
    await this.transactions.run('deprovision', async (tx: Tx) => {
      await this.cases.open(tx, {
        id,
        organization,
        cause: { kind: 'scim', connection: null, signal: null, actor: null, reason: null },
        receivedAt: revokedAt,
        effect: {
          subject: { scope: 'user', id: user },
          user: null,
          generation: 2,
          counts: { devices: 1, tokens: 1 },
          revokedAt,
        },
      });
      await this.outbox.enqueue(tx, [record]);
    });
    return { id, record };
  }

  async acked(): Promise<
    { digest: string; partition: number; offset: number; committed_at: Date | null }[]
  > {
    return this.world.query(
      `select digest, partition, "offset"::integer as offset, committed_at from outbox_acks order by partition, "offset"`,
    );
  }

  async covered(): Promise<{ digest: string; seq: number }[]> {
    return this.world.query('select digest, seq::integer from outbox_covers');
  }

  async queued(): Promise<string[]> {
    const rows = await this.world.query<{ digest: string }>('select digest from outbox_pending');
    return rows.map(({ digest }) => digest);
  }
}
