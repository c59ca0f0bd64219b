import type { Installation } from '../platform/installation/installation.js';
import type { KafkaSettings } from '../platform/kafka/kafka-settings.js';
import { GroupConsumer } from '../platform/kafka/group-consumer.js';
import { IdempotentProducer } from '../platform/kafka/idempotent-producer.js';
import type { TopicGate } from '../platform/kafka/topic-gate.js';
import type { TopicProducer } from '../platform/kafka/topic-producer.js';
import type { Log } from '../platform/log/log.js';
import { Loops } from '../platform/loop/loops.js';
import { Retention } from '../platform/loop/retention.js';
import { pause } from '../platform/time/pause.js';
import { sha256 } from '../platform/crypto/sha256.js';
import type { AuditLog } from '../audit/index.js';
import type { Sign, Verify } from '../contract/crypto-types.js';
import type { Topics } from '../contract/topics.js';
import type { Clock } from '../kernel/clock.js';
import { newId, type Id } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import type { DatabaseGuard } from '../platform/postgres/database-guard.js';
import type { CoalescingPublisher } from './coalescing-publisher.js';
import { genesis, type ChainName } from './domain/watermarks.js';
import type { OutboxMetrics } from './outbox-metrics.js';
import { forgetOldEvents } from './postgres/pending-events.js';
import { readClock } from './postgres/read-clock.js';
import { listHeads, storeGenesis, type Writer } from './postgres/heads.js';
import { EventPublisher } from './events/event-publisher.js';
import { OutboxDays } from './outbox-days.js';
import { InstallationWatch } from './installation-watch.js';
import type { ReceiptsIntake } from './receipts-intake.js';
import { ReceiptsReader } from './receipts-reader.js';
import { Sweeper } from './sweeper.js';
import { findForgotten } from './topic-check.js';
import { WatermarkWriter } from './watermark-writer.js';

export interface LoopParts {
  readonly transactions: Transactions;
  readonly installation: Installation;
  readonly kafka: KafkaSettings;
  readonly topics: Topics;
  readonly gate: TopicGate;
  readonly publisher: CoalescingPublisher;
  readonly keys: { readonly sign: Sign; readonly verify: Verify };
  readonly audit: AuditLog;
  readonly guard: DatabaseGuard;
  readonly intake: ReceiptsIntake;
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: OutboxMetrics;
  /** How many whole days of sent records are kept. */
  readonly keepDays: number;
}

/** Two seconds without a word, and another replica takes a chain over. */
const LEASE_MS = 2_000;
/** How long a shutdown waits for what has been offered. */
const DRAIN_MS = 3_000;
const LOOK_FOR_CHAINS_MS = 1_000;
/** What the events topic keeps. */
const EVENT_DAYS = 30;

/** Everything of this room that goes on by itself. */
export class OutboxLoops {
  readonly #parts: LoopParts;
  readonly #loops: Loops;
  readonly #producers: TopicProducer[] = [];
  readonly #chains = new Set<number>();

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#loops = new Loops(parts.log);
  }

  /** Stores the genesis of every chain, then starts. Kafka need not be there (P6). */
  async start(): Promise<void> {
    const { gate, publisher, transactions, metrics } = this.#parts;
    const writer = { id: newId<'writer'>(), leaseMs: LEASE_MS };
    await this.#storeGenesis();
    const watch = new InstallationWatch(this.#parts);
    await watch.look();
    const days = new OutboxDays(this.#parts);
    this.#loops.start('days', (stop) => days.run(stop));
    this.#loops.start('installation', (stop) => watch.run(stop));
    this.#loops.start('topics', (stop) => gate.run(stop));
    this.#loops.start('publisher', (stop) => publisher.run(stop));
    const sweeper = new Sweeper({ transactions, publisher, gate, metrics });
    this.#loops.start('sweeper', (stop) => sweeper.run(stop));
    this.#loops.start('chains', (stop) => this.#followChains(writer, stop));
    this.#startEvents();
    const receipts = this.#receiptsReader();
    this.#loops.start('receipts', (stop) => receipts.run(stop));
  }

  /** Sends what has been offered, within a bound; what is left stands in the queue for the next start. */
  async stop(): Promise<void> {
    const { publisher } = this.#parts;
    await publisher.drained(DRAIN_MS);
    // Together: a loop that waits for a silent broker ends when its producer lets go.
    await Promise.all([
      this.#loops.stop(),
      publisher.close(),
      ...this.#producers.map((producer) => producer.close()),
    ]);
  }

  #chain(partition: number): ChainName {
    const { installation, topics } = this.#parts;
    return {
      installation: installation.id,
      topic: topics.revocations,
      partition,
      partitions: installation.partitions,
      epoch: installation.epoch,
    };
  }

  async #storeGenesis(): Promise<void> {
    const { transactions, installation } = this.#parts;
    await transactions.run('background', async (tx) => {
      const t = await readClock(tx);
      const heads = Array.from({ length: installation.partitions }, (_, partition) =>
        genesis(this.#chain(partition), t, sha256),
      );
      await storeGenesis(tx, heads);
    });
  }

  /** Writes every chain that there is, also one that an operator adds while we run. */
  async #followChains(writer: Writer, stop: AbortSignal): Promise<void> {
    if (!(await this.#knowsTheTopic(stop))) return;
    while (!stop.aborted) {
      const heads = await this.#parts.transactions.read('background', listHeads);
      for (const { partition } of heads)
        if (!this.#chains.has(partition)) this.#startWatermarks(partition, writer);
      await pause(LOOK_FOR_CHAINS_MS, stop);
    }
  }

  /** A database that lacks what the topic has must not follow any chain up: it would speak of another past. */
  async #knowsTheTopic(stop: AbortSignal): Promise<boolean> {
    const { gate, guard, topics, installation, keys } = this.#parts;
    if (!(await gate.opened(stop))) return false;
    const parts = {
      ...this.#parts,
      topic: topics.revocations,
      installation: installation.id,
      verify: keys.verify,
      hash: sha256,
    };
    const forgotten = await findForgotten(parts, stop);
    if (forgotten !== null) guard.demandRecovery(forgotten);
    return forgotten === null;
  }

  #startWatermarks(partition: number, writer: Writer): void {
    this.#chains.add(partition);
    const { kafka, log } = this.#parts;
    const producer = new IdempotentProducer(kafka, log);
    this.#producers.push(producer);
    const { keys, guard } = this.#parts;
    const watermarks = new WatermarkWriter({
      ...this.#parts,
      sign: keys.sign,
      onForgotten: (why) => {
        guard.demandRecovery(why);
      },
      topic: this.#parts.topics.revocations,
      partition,
      writer,
      producer,
      hash: sha256,
    });
    this.#loops.start(`watermarks ${partition}`, (stop) => watermarks.run(stop));
  }

  #startEvents(): void {
    const { kafka, log, topics, installation, keys, transactions } = this.#parts;
    const producer = new IdempotentProducer(kafka, log);
    this.#producers.push(producer);
    const events = new EventPublisher({
      ...this.#parts,
      topic: topics.events,
      issuer: installation.issuer,
      partitions: installation.partitions,
      producer,
      sign: keys.sign,
      hash: sha256,
      writer: newId<Id<'writer'>>(),
    });
    this.#loops.start('events', (stop) => events.run(stop));
    const old = new Retention({
      transactions,
      log,
      what: 'events',
      deleteSome: (tx, limit) => forgetOldEvents(tx, EVENT_DAYS, limit),
    });
    this.#loops.start('old events', (stop) => old.run(stop));
  }

  #receiptsReader(): ReceiptsReader {
    const { kafka, topics, log, gate, intake } = this.#parts;
    const consumer = new GroupConsumer(
      kafka,
      { topic: topics.receipts, group: `${topics.receipts}.service` },
      log,
    );
    return new ReceiptsReader({ gate, intake, consumer });
  }
}
