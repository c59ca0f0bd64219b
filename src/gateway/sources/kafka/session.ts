import { randomUUID } from 'node:crypto';
import { setImmediate as othersHadTheirTurn } from 'node:timers/promises';
import type { Batch, Consumer } from 'kafkajs';
import type { Clock } from '../../../kernel/clock.js';
import { pause } from '../../pause.js';
import type { Report } from '../../report.js';
import type { Followed, Follower } from '../source.js';
import type { Cursor } from './cursor.js';
import type { KafkaClient } from './kafka-client.js';
import { receivedFrom } from './received-from.js';
import { TopicOffsets } from './topic-offsets.js';

export interface SessionParts {
  readonly client: KafkaClient;
  readonly groupPrefix: string;
  readonly followed: Followed;
  readonly follower: Follower;
  /** One per partition; they outlive the session. */
  readonly cursors: readonly Cursor[];
  readonly clock: Clock;
  readonly report: Report;
}

/** How often the follower is asked what it lacks. */
const LOOK_MS = 100;
/** A consumer that has asked for nothing for so long hangs. */
const SILENT_MS = 15_000;
const GOODBYE_MS = 1_000;
/** A watermark that does not come keeps no record waiting for longer. */
const WAITS_MS = 1_000;
/** The longest that an empty fetch may take, and so a seek. */
const FETCH_MS = 200;

/**
 * One kafkajs consumer, from its connection to its first failure. The group is its own and is used once: nothing is
 * committed, and a ghost of an earlier session cannot hold up the join. After each join kafkajs forgets where it was
 * and begins at the end of the log, and it does so silently when an offset is out of range; the cursors know better.
 */
export class Session {
  readonly #parts: SessionParts;
  readonly #offsets: TopicOffsets;
  readonly #consumer: Consumer;
  readonly #over = new AbortController();
  #crash: Error | null = null;
  #fetchedAtMs: number;

  constructor(parts: SessionParts) {
    const { kafka } = parts.client;
    this.#parts = parts;
    this.#fetchedAtMs = parts.clock.monotonicMs();
    this.#offsets = new TopicOffsets(kafka, parts.followed.topic);
    this.#consumer = kafka.consumer({
      groupId: `${parts.groupPrefix}-${randomUUID()}`,
      allowAutoTopicCreation: false,
      maxWaitTimeInMs: FETCH_MS,
      minBytes: 1,
      maxBytesPerPartition: 4 * 1024 * 1024,
      // Leaders that move are found by the errors that they answer; this finds the rest.
      metadataMaxAge: 60_000,
      retry: { retries: 2, restartOnFailure: () => Promise.resolve(false) },
    });
  }

  /**
   * Ends when `stop` is aborted.
   *
   * @throws Error when the session cannot begin or go on; what has been read stays read
   */
  async run(stop: AbortSignal): Promise<void> {
    let cut: NodeJS.Timeout | undefined;
    const end = (): void => {
      this.#over.abort();
      // Whatever waits for a broker then fails.
      cut = setTimeout(() => {
        this.#parts.client.close();
      }, GOODBYE_MS);
    };
    stop.addEventListener('abort', end);
    if (stop.aborted) end();
    try {
      await this.#begin();
      const loops = [this.#mending(), this.#settling()].map((loop) =>
        loop.finally(() => {
          this.#over.abort();
        }),
      );
      // Neither goes on beside the next session.
      await Promise.allSettled(loops);
      await Promise.all(loops);
    } finally {
      stop.removeEventListener('abort', end);
      // From here on nothing waits: the next session goes on behind it. Who stops decides nothing any more.
      this.#over.abort();
      try {
        if (!stop.aborted) await this.#settleAll();
      } finally {
        await this.#end();
        clearTimeout(cut);
      }
    }
    if (this.#crash !== null && !stop.aborted) throw this.#crash;
  }

  async #mending(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#mend();
      this.#offsets.rest();
      const silentMs = this.#parts.clock.monotonicMs() - this.#fetchedAtMs;
      if (silentMs > SILENT_MS) throw new Error(`nothing was fetched for ${SILENT_MS} ms`);
      await pause(LOOK_MS, this.#over.signal);
    }
  }

  /** Beside the mending, which may wait for a silent broker: what waits in one partition does not wait for another. */
  async #settling(): Promise<void> {
    while (!this.#over.signal.aborted) {
      await this.#settleAll(WAITS_MS);
      await pause(LOOK_MS, this.#over.signal);
    }
  }

  async #begin(): Promise<void> {
    const { topic } = this.#parts.followed;
    const { GROUP_JOIN, CRASH, FETCH } = this.#consumer.events;
    this.#consumer.on(GROUP_JOIN, () => {
      for (const { partition, position } of this.#parts.cursors) this.#seek(partition, position);
    });
    this.#consumer.on(FETCH, () => {
      this.#fetchedAtMs = this.#parts.clock.monotonicMs();
    });
    this.#consumer.on(CRASH, ({ payload }) => {
      this.#crash = payload.error;
      this.#over.abort();
    });
    for (const cursor of this.#parts.cursors) {
      if (cursor.position === null) await this.#lookBack(cursor, 'start');
    }
    await this.#consumer.connect();
    await this.#consumer.subscribe({ topic, fromBeginning: false });
    await this.#consumer.run({
      autoCommit: false,
      eachBatch: ({ batch }) => this.#take(batch),
    });
  }

  async #end(): Promise<void> {
    const goodbye = Promise.allSettled([this.#consumer.disconnect(), this.#offsets.close()]);
    const timer = setTimeout(() => {
      this.#parts.client.close();
    }, GOODBYE_MS);
    // kafkajs may wait for what never comes, even without a connection.
    const waited = new AbortController();
    await Promise.race([goodbye, pause(2 * GOODBYE_MS, waited.signal)]);
    waited.abort();
    clearTimeout(timer);
    this.#parts.client.close();
  }

  async #take(batch: Batch): Promise<void> {
    const { cursors, followed, follower } = this.#parts;
    const cursor = cursors[batch.partition];
    const [first] = batch.messages;
    if (cursor === undefined || first === undefined || batch.topic !== followed.topic) return;
    if (!cursor.expects(BigInt(first.offset))) {
      this.#seek(cursor.partition, cursor.position);
      return;
    }
    if (cursor.beginsInTrimmedLog) {
      // What was appended before this message is gone: an anchor must be later than it.
      cursor.beginsInTrimmedLog = false;
      follower.restart(cursor.partition, Number(first.timestamp));
    }
    const next = BigInt(batch.lastOffset()) + 1n;
    const isEnd = next >= BigInt(batch.highWatermark);
    follower.receive(cursor.partition, batch.messages.map(receivedFrom), !cursor.isLive);
    cursor.position = next;
    if (!isEnd && !this.#over.signal.aborted) return;
    await this.#settle(cursor.partition);
    // Unless it is read from elsewhere by now.
    if (isEnd && cursor.position === next) this.#reachEnd(cursor);
  }

  async #settleAll(waitedMs = 0): Promise<void> {
    for (const { partition } of this.#parts.cursors) await this.#settle(partition, waitedMs);
  }

  async #settle(partition: number, waitedMs = 0): Promise<void> {
    while (this.#parts.follower.settle(partition, waitedMs)) await othersHadTheirTurn();
  }

  #reachEnd(cursor: Cursor): void {
    cursor.reachedEnd();
    this.#parts.follower.reachedEnd(cursor.partition);
  }

  async #mend(): Promise<void> {
    const { cursors, follower, clock } = this.#parts;
    for (const cursor of cursors) {
      if (cursor.strayedTo !== null) await this.#findAgain(cursor, cursor.strayedTo);
      const trouble = follower.trouble(cursor.partition);
      if (cursor.isDue(trouble, clock.monotonicMs())) {
        await this.#lookBack(cursor, trouble ?? 'nothing');
      }
    }
  }

  /** The broker serves another place than the one we asked for. */
  async #findAgain(cursor: Cursor, strayedTo: bigint): Promise<void> {
    const { low, high } = await this.#offsets.ends(cursor.partition);
    const { position } = cursor;
    if (position === null || position < low || position > high) {
      await this.#lookBack(cursor, 'offset-out-of-range');
      return;
    }
    // A hole in the log, or none: the chain of watermarks will tell what is missing.
    this.#parts.report({ kind: 'source.sought', partition: cursor.partition, why: 'offset-gap' });
    cursor.position = strayedTo;
    cursor.strayedTo = null;
    this.#seek(cursor.partition, strayedTo);
  }

  /** Reads the partition again from as far back as is needed. */
  async #lookBack(cursor: Cursor, why: string): Promise<void> {
    const { followed, follower, clock, report } = this.#parts;
    const { partition } = cursor;
    await this.#settle(partition);
    const soughtMs = cursor.soughtMs(clock.now().getTime(), followed);
    const offset = await this.#offsets.since(partition, soughtMs);
    const { low, high } = await this.#offsets.ends(partition);
    const from = offset < low ? low : offset;
    cursor.begin(from, low);
    if (why !== 'start') report({ kind: 'source.sought', partition, why });
    follower.restart(partition, cursor.isComplete ? -Infinity : soughtMs);
    this.#seek(partition, from);
    if (from >= high) this.#reachEnd(cursor);
  }

  /** Counts from the next fetch on; before the consumer runs there is nothing to tell it. */
  #seek(partition: number, position: bigint | null): void {
    if (position === null) return;
    try {
      const { topic } = this.#parts.followed;
      this.#consumer.seek({ topic, partition, offset: position.toString() });
    } catch {
      // It is not running yet: the join that follows seeks for every partition.
    }
  }
}
