import { newId, type Id } from '../../src/kernel/ids.js';
import { Transactions, type Lane, type Tx } from '../../src/kernel/tx.js';
import type { OutboxRecord } from '../../src/outbox/index.js';
import { RecordKeys } from '../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks } from '../../src/platform/crypto/private-jwks.js';
import { Replica } from '../../test/support/outbox-world.js';
import { TrialBroker, TrialProducer } from './broker.js';
import { PARTITIONS, type Stage } from './stage.js';

const TOPIC = 'offswitch.revocations.v1';
/** Never the same for two trials at once; made once, for keys are dear. */
const KEYS = new RecordKeys(generatePrivateJwks());
const LEASE_MS = 2_000;
/** Longer than any trial: one round each time. */
const NEVER_MS = 1_000_000;
/** Real milliseconds that a healthy round may take before it is left. */
const PATIENCE_MS = 5_000;

/** A process that was killed does nothing more in the database. */
class MortalTransactions extends Transactions {
  readonly #inner: Transactions;
  isDead = false;

  constructor(inner: Transactions) {
    super();
    this.#inner = inner;
  }

  override run<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.isDead ? Promise.reject(new Error('killed')) : this.#inner.run(lane, work);
  }

  override read<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    return this.isDead ? Promise.reject(new Error('killed')) : this.#inner.read(lane, work);
  }
}

interface Living {
  readonly replica: Replica;
  readonly transactions: MortalTransactions;
}

/** The service's outbox: publisher, sweeper and watermarks of one process after the other. */
export class TrialService {
  readonly installation = newId<Id<'installation'>>();
  readonly broker = new TrialBroker();
  readonly keys = KEYS;
  readonly #stage: Stage;
  #living: Living;
  /** Of killed processes that hang: nobody waits for them before the trial ends. */
  readonly #ending: Promise<unknown>[] = [];
  #nobodyBeforeMs = 0;
  /** Nothing that a killed process had in hand is left. */
  #isSwept = true;

  constructor(stage: Stage) {
    this.#stage = stage;
    this.#living = this.#born();
  }

  async begin(): Promise<void> {
    await this.#stage.begin(this.installation, TOPIC);
  }

  /** What the heart has committed, as it offers it to the publisher. */
  async publish(records: readonly OutboxRecord[]): Promise<void> {
    if (records.length === 0) return;
    const { publisher } = this.#living.replica;
    publisher.offer(records, new Date(this.#stage.nowMs));
    await this.#flow();
  }

  /** One round of watermarks on every partition, as far as the broker lets it. */
  async beat(): Promise<void> {
    if (this.broker.hangs || this.#stage.nowMs < this.#nobodyBeforeMs) return;
    await this.#flow();
    const { replica } = this.#living;
    const stop = new AbortController();
    const failed = this.broker.failures;
    const t = new Date(this.#stage.nowMs).toISOString();
    const writing = Array.from({ length: PARTITIONS }, (_, partition) =>
      replica.writer(partition, { everyMs: NEVER_MS }).run(stop.signal),
    );
    for (const one of writing) one.catch(() => undefined);
    const isOver = (): boolean =>
      this.broker.hangs || this.broker.failures > failed || this.#isSaid(t);
    // What a killed process has left behind is found by the sweeper, which the writer waits for.
    for (const until = Date.now() + PATIENCE_MS; !isOver() && Date.now() < until;) {
      const isQuiet = !(await this.#news(this.#isSwept ? 50 : 5));
      if (isQuiet && !isOver()) await replica.sweeper.sweep();
      this.#isSwept = true;
    }
    stop.abort();
    if (this.#isStuck()) this.#ending.push(...writing);
    else await Promise.all(writing);
  }

  /** SIGKILL, and a new process. What it had in memory is gone. */
  kill(): void {
    const { replica, transactions } = this.#living;
    transactions.isDead = true;
    this.#isSwept = false;
    this.#ending.push(replica.stop());
    this.#nobodyBeforeMs = this.#stage.nowMs + (this.broker.hangs ? LEASE_MS : 0);
    this.#living = this.#born();
  }

  /** Everything works again. */
  heal(): void {
    this.broker.heal();
    this.#nobodyBeforeMs = 0;
  }

  async stop(): Promise<void> {
    this.broker.heal();
    this.#ending.push(this.#living.replica.stop());
    await Promise.allSettled(this.#ending);
  }

  #born(): Living {
    const transactions = new MortalTransactions(this.#stage.at.world.transactions);
    const producer = new TrialProducer(this.broker);
    const { installation, keys } = this;
    const ground = { transactions, audit: this.#stage.at.audit, installation, topic: TOPIC, keys };
    const replica = new Replica(ground, { producer, leaseMs: LEASE_MS }).publish();
    return { replica, transactions };
  }

  /** Until what was offered is sent and marked, or the broker does not let it. */
  async #flow(): Promise<void> {
    const failed = this.broker.failures;
    const flow = { isDrained: false };
    const enough = new AbortController();
    const drained = this.#living.replica.publisher.drained(PATIENCE_MS, enough.signal).then(() => {
      flow.isDrained = true;
    });
    while (!flow.isDrained && !this.#isStuck() && this.broker.failures === failed)
      await Promise.race([drained, this.#news(50)]);
    enough.abort();
  }

  /** Read anew: something may hang while somebody waits. */
  #isStuck(): boolean {
    return this.broker.hangs;
  }

  /** @returns false when there was none for so long */
  async #news(ms: number): Promise<boolean> {
    let timer: NodeJS.Timeout | undefined;
    const heard = await new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, ms, false);
      this.broker.onNews = () => {
        resolve(true);
      };
    });
    clearTimeout(timer);
    return heard;
  }

  /** Whether each chain says `t` on the topic. */
  #isSaid(t: string): boolean {
    const said = new Set<number>();
    const { stored } = this.broker.topic;
    for (let i = stored.length - 1; i >= 0 && said.size < PARTITIONS; i -= 1) {
      const { partition, headers, value } = stored[i]!;
      if (headers['ofs-type'] !== 'watermark') continue;
      if (Buffer.from(value).includes(`"t":"${t}"`)) said.add(partition);
      else if (!said.has(partition)) return false;
    }
    return said.size === PARTITIONS;
  }
}
