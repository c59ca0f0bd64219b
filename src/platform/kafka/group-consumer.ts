import type { Consumer, EachBatchPayload } from 'kafkajs';
import type { Log } from '../log/log.js';
import { farewell } from './farewell.js';
import { KafkaConnection } from './kafka-connection.js';
import type { KafkaSettings } from './kafka-settings.js';

export interface IncomingMessage {
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
  /** The broker's clock when it stored the message. */
  readonly storedAt: Date;
}

/** Takes a batch, or rejects and gets it again. */
export type Take = (messages: readonly IncomingMessage[]) => Promise<void>;

/** How often the brokers are told how far we have read, milliseconds: a commit costs them as much as a message. */
const COMMIT_MS = 1_000;
/** A member that died silently is given up after this, milliseconds: the least that brokers allow by default. */
const SESSION_MS = 6_000;

/** Reads a topic together with the other replicas of the service: each message reaches one of them, at least once. */
export class GroupConsumer {
  readonly #settings: KafkaSettings;
  readonly #from: { readonly topic: string; readonly group: string };
  readonly #log: Log;

  constructor(
    settings: KafkaSettings,
    from: { readonly topic: string; readonly group: string },
    log: Log,
  ) {
    this.#settings = settings;
    this.#from = from;
    this.#log = log;
  }

  /**
   * Hands batches to `take`, one after the other. A batch counts as read when `take` has resolved, and the brokers hear of
   * it each second at most: one that it rejects comes again, with what was read in the second before.
   *
   * @throws Error when the broker is lost; whoever runs it begins again
   */
  async run(take: Take, stop: AbortSignal): Promise<void> {
    const connection = new KafkaConnection(this.#settings, this.#log);
    const consumer = connection.kafka.consumer({
      groupId: this.#from.group,
      allowAutoTopicCreation: false,
      sessionTimeout: SESSION_MS,
      rebalanceTimeout: SESSION_MS,
      heartbeatInterval: 1_000,
      maxWaitTimeInMs: 1_000,
      retry: { retries: 1, restartOnFailure: () => Promise.resolve(false) },
    });
    let told = (): void => undefined;
    const ended = new Promise<void>((resolve, reject) => {
      told = resolve;
      consumer.on(consumer.events.CRASH, ({ payload }) => {
        reject(payload.error);
      });
    });
    stop.addEventListener('abort', told, { once: true });
    if (stop.aborted) told();
    // It may fail before anybody waits for it.
    ended.catch(() => undefined);
    try {
      await Promise.race([this.#begin(consumer, take), ended]);
      await ended;
      // Leaving the group politely spares the others the wait for our session to end.
      if (stop.aborted) await farewell(consumer);
    } finally {
      // The signal outlives us: it would keep this consumer and its buffers, once for each time the broker is lost.
      stop.removeEventListener('abort', told);
      connection.close();
      consumer.disconnect().catch(() => undefined);
    }
  }

  async #begin(consumer: Consumer, take: Take): Promise<void> {
    await consumer.connect();
    await consumer.subscribe({ topic: this.#from.topic, fromBeginning: true });
    await consumer.run({
      autoCommit: false,
      autoCommitInterval: COMMIT_MS,
      eachBatch: (payload) => eachBatch(payload, take),
    });
  }
}

async function eachBatch(payload: EachBatchPayload, take: Take): Promise<void> {
  const { batch } = payload;
  await take(
    batch.messages.map(({ key, value, headers, timestamp }) => ({
      key: key?.toString('utf8') ?? '',
      value: value ?? new Uint8Array(),
      headers: Object.fromEntries(
        Object.entries(headers ?? {}).map(([name, content]) => [name, String(content)]),
      ),
      storedAt: new Date(Number(timestamp)),
    })),
  );
  payload.resolveOffset(batch.lastOffset());
  await payload.commitOffsetsIfNecessary();
}
