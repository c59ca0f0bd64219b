import { pause } from '../pause.js';
import type { SignedReceipt } from '../receipts/receipts.js';
import type { KafkaTransportParts } from './kafka/kafka-transport.js';
import type { FeedFollower, Followed, Transport } from './source.js';

const AGAIN_MS = 30_000;

/** The way over Kafka. Its client is loaded when it is needed: who follows over HTTP need not have it installed. */
export class KafkaTransport implements Transport {
  readonly #parts: KafkaTransportParts;
  #loaded: Promise<Transport> | null = null;

  constructor(parts: KafkaTransportParts) {
    this.#parts = parts;
  }

  async follow(followed: Followed, follower: FeedFollower, stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      try {
        await (await this.#load()).follow(followed, follower, stop);
      } catch (error) {
        this.#loaded = null;
        this.#parts.report({ kind: 'source.failed', error });
        await pause(AGAIN_MS, stop);
      }
    }
  }

  async sendReceipt(topic: string, receipt: SignedReceipt): Promise<void> {
    await (await this.#load()).sendReceipt(topic, receipt);
  }

  async close(): Promise<void> {
    await this.#loaded?.then(
      (transport) => transport.close(),
      () => undefined,
    );
  }

  #load(): Promise<Transport> {
    return (this.#loaded ??= import('./kafka/kafka-transport.js').then(
      (kafka) => new kafka.KafkaTransport(this.#parts),
    ));
  }
}
