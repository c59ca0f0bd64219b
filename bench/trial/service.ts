import { newId, type Id } from '../../src/kernel/ids.js';
import { Transactions, type Lane, type Tx } from '../../src/kernel/tx.js';
import type { OutboxRecord } from '../../src/outbox/index.js';
import { RecordKeys } from '../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks } from '../../src/platform/crypto/private-jwks.js';
import { Replica } from '../../test/support/outbox-world.js';
import { TrialBroker, TrialProducer } from './broker.js';
import { Dice } from './dice.js';
import { PARTITIONS, type Stage } from './stage.js';
import { Writers } from './writers.js';

const TOPIC = 'offswitch.revocations.v1';
/** Made once, for keys are dear: the one that signs, and the one that signs when it is withdrawn. */
const OWN = [...generatePrivateJwks().keys, ...generatePrivateJwks().keys];
const KEYS = new RecordKeys({ keys: OWN });
const LATER_KEYS = new RecordKeys({ keys: OWN.slice(1) });
const LEASE_MS = 2_000;
/** Real milliseconds that a healthy flow may take before it is left. */
const PATIENCE_MS = 5_000;
/** How often others take the chains over although nobody was killed. */
const HANDED_OVER = 0.1;

const UNSENT = `
  select count(distinct p.partition)::integer as partitions from outbox_pending p
   where p.set_aside_at is null and not exists (select from outbox_acks a where a.digest = p.digest)`;

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
  /** Whose public halves every lease brings. */
  keys = KEYS;
  readonly #stage: Stage;
  #living: Living;
  /** Of killed processes that hang: nobody waits for them before the trial ends. */
  readonly #ending: Promise<unknown>[] = [];
  #writers: Writers | null = null;
  #nobodyBeforeMs = 0;
  #heldUntilMs = 0;
  readonly #dice: Dice;
  /** Nothing that a killed process had in hand is left. */
  #isSwept = true;

  constructor(stage: Stage, seed: number) {
    this.#stage = stage;
    this.#dice = new Dice(seed ^ 0x0ff5);
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
    await Promise.allSettled(this.#ending.splice(0));
    if (this.#dice.chance(HANDED_OVER)) await this.#stopWriters();
    await this.#flow();
    const failed = this.broker.failures;
    const begun = this.#writers;
    this.#writers ??= new Writers(this.#living.replica);
    begun?.beat();
    this.#heldUntilMs = this.#stage.nowMs + LEASE_MS;
    // What a killed process has left behind is found while the writers wait for it.
    const stuck = this.#isSwept ? 0 : await this.#sweep();
    const flow = { isOver: false };
    const rested = this.#writers.rested(PARTITIONS - stuck).then(() => {
      flow.isOver = true;
    });
    while (!flow.isOver && !this.#isStuck() && this.broker.failures === failed)
      await Promise.race([rested, this.#news(50)]);
    // Who waits for something would go on by itself, at a time that no seed repeats.
    if (stuck > 0 || !flow.isOver) await this.#stopWriters();
  }

  /** SIGKILL, and a new process. What it had in memory is gone. */
  kill(): void {
    const { replica, transactions } = this.#living;
    transactions.isDead = true;
    this.#isSwept = false;
    this.#ending.push(replica.stop());
    // Nobody gives the chains away: their lease has to run out.
    if (this.#writers !== null || this.broker.hangs) this.#nobodyBeforeMs = this.#heldUntilMs + 1;
    if (this.#writers !== null) this.#ending.push(this.#writers.stop());
    this.#writers = null;
    this.#living = this.#born();
  }

  /** The key that signs records is stolen: it is taken out of the set, and every process starts with the others. */
  withdrawKey(): void {
    this.keys = LATER_KEYS;
    this.kill();
  }

  /** What a thief can sign with: a key that was withdrawn. */
  get stolen(): RecordKeys | null {
    return this.keys === KEYS ? null : KEYS;
  }

  /** Everything works again. */
  heal(): void {
    this.broker.heal();
    this.#nobodyBeforeMs = 0;
  }

  async stop(): Promise<void> {
    this.broker.heal();
    await this.#stopWriters();
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

  /** What hangs is not waited for. */
  async #stopWriters(): Promise<void> {
    const stopping = this.#writers?.stop();
    this.#writers = null;
    if (this.#isStuck()) this.#ending.push(Promise.resolve(stopping));
    else await stopping;
  }

  /** @returns on how many partitions something is left that nobody sweeps yet: it is too young */
  async #sweep(): Promise<number> {
    await this.#living.replica.sweeper.sweep();
    await this.#flow();
    const { rows } = await this.#stage.outside.query<{ partitions: number }>(UNSENT);
    const stuck = rows[0]!.partitions;
    this.#isSwept = stuck === 0;
    return stuck;
  }
}
