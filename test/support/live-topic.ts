import { Kafka, logLevel, Partitioners, type Admin, type Consumer, type Producer } from 'kafkajs';
import type { Lease } from '../../src/contract/lease.js';
import { topicsWith, type Topics } from '../../src/contract/topics.js';
import { newId } from '../../src/kernel/ids.js';
import { KeyRing } from '../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks } from '../../src/platform/crypto/private-jwks.js';
import { eventually } from './eventually.js';
import { TopicWriter, type Written } from './topic-writer.js';

export interface LiveTopicOptions {
  readonly partitions?: number;
  /** The broker stamps messages by its own clock unless a test must write the past. */
  readonly timestamps?: 'LogAppendTime' | 'CreateTime';
}

/** The topics of one installation on a real broker, written to as the service would, and as it never would. */
export class LiveTopic {
  readonly installation = newId();
  readonly keys = new KeyRing(generatePrivateJwks());
  readonly topics: Topics;
  readonly writers: TopicWriter[];
  readonly #kafka: Kafka;
  readonly #admin: Admin;
  readonly #producer: Producer;
  readonly #consumers = new Set<Consumer>();
  #beating: NodeJS.Timeout | null = null;
  #beats: Promise<unknown> = Promise.resolve();

  private constructor(brokers: string, prefix: string, partitions: number) {
    this.topics = topicsWith(prefix);
    this.writers = Array.from(
      { length: partitions },
      (_, partition) =>
        new TopicWriter({
          installation: this.installation,
          topic: this.topics.revocations,
          keys: this.keys,
          partition,
          partitions,
        }),
    );
    this.#kafka = new Kafka({
      brokers: [brokers],
      clientId: 'test',
      logLevel: logLevel.NOTHING,
      requestTimeout: 10_000,
      retry: { retries: 20, initialRetryTime: 50, maxRetryTime: 500 },
    });
    this.#admin = this.#kafka.admin();
    this.#producer = this.#kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
    });
  }

  /** `brokers`: `host:port`. */
  static async create(
    brokers: string,
    prefix: string,
    { partitions = 1, timestamps = 'LogAppendTime' }: LiveTopicOptions = {},
  ): Promise<LiveTopic> {
    const topic = new LiveTopic(brokers, prefix, partitions);
    try {
      await topic.#make(timestamps);
    } catch (error) {
      await topic.close();
      throw error;
    }
    return topic;
  }

  async #make(timestamps: string): Promise<void> {
    await this.#admin.connect();
    await this.#admin.createTopics({
      waitForLeaders: false,
      topics: [
        {
          topic: this.topics.revocations,
          numPartitions: this.writers.length,
          configEntries: [{ name: 'message.timestamp.type', value: timestamps }],
        },
        { topic: this.topics.receipts, numPartitions: 1 },
      ],
    });
    // A broker may say for a moment that it does not host what it has just made; kafkajs's own waiting gives up at that.
    await eventually(() =>
      this.#admin
        .fetchTopicMetadata({ topics: [this.topics.revocations, this.topics.receipts] })
        .then(
          ({ topics }) =>
            topics.every(({ partitions }) => partitions.every(({ leader }) => leader >= 0)),
          () => false,
        ),
    );
    await this.#producer.connect();
  }

  /** Somebody deletes the topic of the revocations, and makes it anew: nothing is in it. */
  async recreate(): Promise<void> {
    const { revocations } = this.topics;
    await this.#admin.deleteTopics({ topics: [revocations] });
    await eventually(async () => !(await this.#admin.listTopics()).includes(revocations));
    await this.#make('LogAppendTime');
  }

  /** What the service would say in a lease. */
  lease(fields: Partial<Lease> = {}): Omit<Lease, 'jwks_url' | 'lease_until'> {
    return {
      id: newId(),
      installation: this.installation,
      epoch: 0,
      partitions: this.writers.length,
      issuer: 'urn:offswitch:test',
      audience: 'offswitch',
      record_keys: this.keys.publicJwks,
      staleness_ms: 10_000,
      max_clock_skew_ms: 1_000,
      max_ttl_s: 3_600,
      window_s: 3_601,
      kafka: { topics: this.topics },
      ...fields,
    };
  }

  /** `timestamps` (unix ms) count only on a topic that takes them from us. */
  async send(
    partition: number,
    written: readonly Written[],
    timestamps: readonly number[] = [],
  ): Promise<void> {
    await this.#producer.send({
      topic: this.topics.revocations,
      acks: -1,
      messages: written.map(({ value, headers, digest }, i) => ({
        partition,
        key: digest,
        value,
        headers: { ...headers },
        ...(timestamps[i] === undefined ? {} : { timestamp: String(timestamps[i]) }),
      })),
    });
  }

  /** A genesis on every partition. */
  async begin(): Promise<void> {
    await Promise.all(
      this.writers.map((writer) => this.send(writer.partition, [writer.watermark(Date.now())])),
    );
  }

  /** Watermarks on every partition, as the service would send each second. */
  beat(everyMs = 200): void {
    this.#beating = setInterval(() => {
      this.#beats = this.#beats
        .then(() => this.begin())
        .catch(() => {
          throw new Error('the broker did not take a watermark');
        });
      this.#beats.catch(() => undefined);
    }, everyMs);
  }

  async pauseBeat(): Promise<void> {
    if (this.#beating !== null) clearInterval(this.#beating);
    this.#beating = null;
    await this.#beats.catch(() => undefined);
  }

  /** Every receipt that has been sent so far. */
  async readReceipts(
    take: (value: Buffer, headers: Record<string, string>) => boolean,
  ): Promise<void> {
    const consumer = this.#kafka.consumer({ groupId: `test-${newId()}`, maxWaitTimeInMs: 100 });
    this.#consumers.add(consumer);
    await consumer.connect();
    await consumer.subscribe({ topic: this.topics.receipts, fromBeginning: true });
    await new Promise<void>((resolve, reject) => {
      consumer
        .run({
          autoCommit: false,
          eachMessage: ({ message }) => {
            const headers = Object.fromEntries(
              Object.entries(message.headers ?? {}).map(([name, value]) => [name, String(value)]),
            );
            if (take(message.value!, headers)) resolve();
            return Promise.resolve();
          },
        })
        .catch(reject);
    });
    await consumer.disconnect();
    this.#consumers.delete(consumer);
  }

  /** What retention does: everything before `offset` is gone. */
  async trim(partition: number, offset: string): Promise<void> {
    await this.#admin.fetchTopicOffsets(this.topics.revocations); // so that kafkajs knows the leaders
    await this.#admin.deleteTopicRecords({
      topic: this.topics.revocations,
      partitions: [{ partition, offset }],
    });
  }

  async close(): Promise<void> {
    await this.pauseBeat();
    await Promise.all([...this.#consumers].map((consumer) => consumer.disconnect()));
    await this.#producer.disconnect();
    await this.#admin.disconnect();
  }
}
