import { Partitioners, type Producer } from 'kafkajs';
import type { SignedReceipt } from '../../receipts/receipts.js';
import { KafkaClient } from './kafka-client.js';
import type { KafkaSettings } from './kafka-settings.js';

/** Everything that one receipt may take, connecting included, milliseconds. */
const SEND_MS = 6_000;
/** What the broker waits for its replicas, milliseconds. */
const REPLICAS_MS = 3_000;

interface Incarnation {
  readonly client: KafkaClient;
  readonly producer: Promise<Producer>;
}

/** Sends receipts, one at a time. A producer that failed is replaced. */
export class ReceiptProducer {
  readonly #settings: KafkaSettings;
  readonly #clientId: string;
  #current: Incarnation | null = null;

  constructor(settings: KafkaSettings, clientId: string) {
    this.#settings = settings;
    this.#clientId = clientId;
  }

  /** Resolves when all in-sync replicas have it; rejects within a bounded time when they may not. */
  async send(topic: string, { key, value, headers }: SignedReceipt): Promise<void> {
    const incarnation = (this.#current ??= this.#incarnate());
    const message = { key, value: Buffer.from(value), headers: { ...headers } };
    const sent = incarnation.producer.then((producer) =>
      producer.send({ topic, acks: -1, timeout: REPLICAS_MS, messages: [message] }),
    );
    // A broker that does not answer is left: the cut makes `sent` fail.
    const timer = setTimeout(() => {
      incarnation.client.close();
    }, SEND_MS);
    try {
      await sent;
    } catch (error) {
      this.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  close(): void {
    const incarnation = this.#current;
    this.#current = null;
    incarnation?.client.close();
    // kafkajs keeps timers until it is told.
    incarnation?.producer.then((dead) => dead.disconnect()).catch(() => undefined);
  }

  #incarnate(): Incarnation {
    const client = new KafkaClient(this.#settings, this.#clientId);
    const producer = client.kafka.producer({
      allowAutoTopicCreation: false,
      createPartitioner: Partitioners.DefaultPartitioner,
      retry: { retries: 1, initialRetryTime: 100, maxRetryTime: 500 },
    });
    const connected = producer.connect().then(() => producer);
    // Whoever sends awaits it too; this only keeps a failure without a sender from ending the process.
    connected.catch(() => undefined);
    return { client, producer: connected };
  }
}
