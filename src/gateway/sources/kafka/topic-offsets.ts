import type { Admin, Kafka } from 'kafkajs';

/**
 * Where the partitions of a topic begin, end, and stood at a time, as the brokers say. A reader that is in order never
 * asks, and a connection costs timers and a place at each broker: there is one only as long as somebody asks.
 */
export class TopicOffsets {
  readonly #kafka: Kafka;
  readonly #topic: string;
  #admin: Admin | null = null;
  #wasAsked = false;

  constructor(kafka: Kafka, topic: string) {
    this.#kafka = kafka;
    this.#topic = topic;
  }

  /** @throws Error when no broker answers, or the topic has no such partition */
  async ends(partition: number): Promise<{ readonly low: bigint; readonly high: bigint }> {
    const admin = await this.#connected();
    const all = await admin.fetchTopicOffsets(this.#topic);
    const { low, high } = this.#of(partition, all);
    return { low: BigInt(low), high: BigInt(high) };
  }

  /**
   * The first offset that was appended at `sinceMs` (unix ms) or later.
   *
   * @throws Error when no broker answers, or the topic has no such partition
   */
  async since(partition: number, sinceMs: number): Promise<bigint> {
    const admin = await this.#connected();
    const all = await admin.fetchTopicOffsetsByTimestamp(this.#topic, sinceMs);
    return BigInt(this.#of(partition, all).offset);
  }

  /** Lets the connection go when nobody has asked since the last call. */
  rest(): void {
    // A broker that is silent keeps nobody waiting: the connection ends with the client at the latest.
    if (!this.#wasAsked) this.close().catch(() => undefined);
    this.#wasAsked = false;
  }

  async close(): Promise<void> {
    const admin = this.#admin;
    this.#admin = null;
    await admin?.disconnect();
  }

  async #connected(): Promise<Admin> {
    this.#wasAsked = true;
    if (this.#admin !== null) return this.#admin;
    const admin = this.#kafka.admin();
    this.#admin = admin;
    await admin.connect();
    return admin;
  }

  #of<Entry extends { readonly partition: number }>(
    partition: number,
    all: readonly Entry[],
  ): Entry {
    const found = all.find((entry) => entry.partition === partition);
    if (found === undefined) throw new Error(`the topic has no partition ${partition}`);
    return found;
  }
}
