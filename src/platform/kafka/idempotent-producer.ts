import kafkajs, { type Producer, type RecordMetadata } from 'kafkajs';
import type { Log } from '../log/log.js';
import { KafkaConnection } from './kafka-connection.js';
import type { KafkaSettings } from './kafka-settings.js';
import { MessagesRefused, TopicProducer, type OutgoingMessage } from './topic-producer.js';

// kafkajs is CommonJS, and Node finds only some of its names by itself.
const { KafkaJSNumberOfRetriesExceeded, KafkaJSProtocolError } = kafkajs;

/** What the broker waits for its replicas, milliseconds. */
const REPLICAS_MS = 3_000;
/** Everything that one send may take, connecting and one repetition included, milliseconds. */
const SEND_MS = 8_000;

/** Answers that the same message will always get. */
const DEFINITE = new Set([
  'MESSAGE_TOO_LARGE',
  'RECORD_LIST_TOO_LARGE',
  'INVALID_RECORD',
  'INVALID_TIMESTAMP',
  'POLICY_VIOLATION',
]);

/** One connected kafkajs producer. It serves until its first failure. */
interface Incarnation {
  readonly connection: KafkaConnection;
  readonly producer: Promise<Producer>;
  underWay: number;
  isRetired: boolean;
}

/**
 * An idempotent producer that is replaced after every failure. kafkajs takes the sequence numbers of a failed
 * send back, but the broker may have stored it: the next messages under the same numbers would then be
 * acknowledged as duplicates and never stored. A new producer id makes that impossible, and it is also the way
 * out of `OUT_OF_ORDER_SEQUENCE_NUMBER` and of a fenced producer.
 */
export class IdempotentProducer extends TopicProducer {
  readonly #settings: KafkaSettings;
  readonly #log: Log;
  readonly #sendMs: number;
  #current: Incarnation | null = null;
  #isClosed = false;

  constructor(settings: KafkaSettings, log: Log, sendMs = SEND_MS) {
    super();
    this.#settings = settings;
    this.#log = log;
    this.#sendMs = sendMs;
  }

  override async send(
    topic: string,
    messages: readonly OutgoingMessage[],
  ): Promise<readonly number[]> {
    if (this.#isClosed) throw new Error('the producer is closed');
    if (messages.length === 0) return [];
    const incarnation = (this.#current ??= this.#incarnate());
    incarnation.underWay += 1;
    try {
      const answers = await within(this.#sendMs, produce(incarnation, topic, messages));
      return offsetsOf(messages, answers);
    } catch (error) {
      this.#retire(incarnation);
      throw isDefinite(error)
        ? new MessagesRefused('the broker refuses the messages', { cause: error })
        : error;
    } finally {
      incarnation.underWay -= 1;
      if (incarnation.isRetired) this.#bury(incarnation);
    }
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
    const incarnation = this.#current;
    if (incarnation === null) return;
    this.#retire(incarnation);
    const polite = incarnation.producer.then((producer) => producer.disconnect());
    await within(1_000, polite).catch(() => undefined);
    incarnation.connection.close();
  }

  #incarnate(): Incarnation {
    const connection = new KafkaConnection(this.#settings, this.#log);
    const producer = connected(connection);
    // Whoever sends awaits it too; this only keeps a failure without a sender from ending the process.
    producer.catch(() => undefined);
    return { connection, producer, underWay: 0, isRetired: false };
  }

  #retire(incarnation: Incarnation): void {
    incarnation.isRetired = true;
    if (this.#current === incarnation) this.#current = null;
  }

  /** Other sends of a retired producer may still succeed: it is cut off after the last one. */
  #bury({ underWay, connection, producer }: Incarnation): void {
    if (underWay > 0) return;
    connection.close();
    // kafkajs keeps timers until it is told.
    producer.then((dead) => dead.disconnect()).catch(() => undefined);
  }
}

async function connected({ kafka }: KafkaConnection): Promise<Producer> {
  const producer = kafka.producer({
    idempotent: true,
    allowAutoTopicCreation: false,
    metadataMaxAge: 60_000,
    retry: { retries: 1, initialRetryTime: 50, maxRetryTime: 500 },
    createPartitioner:
      () =>
      ({ message }) =>
        message.partition ?? 0,
  });
  await producer.connect();
  return producer;
}

async function produce(
  { producer }: Incarnation,
  topic: string,
  messages: readonly OutgoingMessage[],
): Promise<RecordMetadata[]> {
  const connectedProducer = await producer;
  return connectedProducer.send({
    topic,
    acks: -1,
    timeout: REPLICAS_MS,
    messages: messages.map(({ partition, key, value, headers }) => ({
      partition,
      key,
      value: Buffer.from(value.buffer, value.byteOffset, value.byteLength),
      headers: { ...headers },
    })),
  });
}

/**
 * The offset of each message: a partition's messages stand in one batch, in order.
 *
 * @throws Error when a partition has no answer: kafkajs loses a partition whose leader moves between its own
 *   attempts, and calls that a success
 */
function offsetsOf(messages: readonly OutgoingMessage[], answers: RecordMetadata[]): number[] {
  const next = new Map(
    answers.map(({ partition, baseOffset }) => [partition, Number(baseOffset ?? -1)]),
  );
  return messages.map(({ partition }) => {
    const offset = next.get(partition) ?? -1;
    if (!Number.isSafeInteger(offset) || offset < 0)
      throw new Error(`partition ${partition} was sent without an answer`);
    next.set(partition, offset + 1);
    return offset;
  });
}

function isDefinite(error: unknown): boolean {
  const root = error instanceof KafkaJSNumberOfRetriesExceeded ? error.cause : error;
  const cause = root instanceof Error && root.cause instanceof Error ? root.cause : root;
  return [root, cause].some((one) => one instanceof KafkaJSProtocolError && DEFINITE.has(one.type));
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new Error(`no answer within ${ms} ms`));
    }, ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
