import type { Clock } from '../../../kernel/clock.js';
import { pause } from '../../pause.js';
import type { SignedReceipt } from '../../receipts/receipts.js';
import type { Report } from '../../report.js';
import type { Followed, Follower, Transport } from '../source.js';
import { Cursor } from './cursor.js';
import { KafkaClient } from './kafka-client.js';
import type { KafkaSettings } from './kafka-settings.js';
import { ReceiptProducer } from './receipt-producer.js';
import { Session } from './session.js';

export interface KafkaTransportParts {
  readonly settings: KafkaSettings;
  /** What the brokers' own logs call us; also begins the names of our consumer groups. */
  readonly clientId: string;
  readonly clock: Clock;
  readonly report: Report;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;

/** The topic and the receipts by Kafka. Brokers may come and go: a session that ends is followed by the next. */
export class KafkaTransport implements Transport {
  readonly #parts: KafkaTransportParts;
  readonly #receipts: ReceiptProducer;

  constructor(parts: KafkaTransportParts) {
    this.#parts = parts;
    this.#receipts = new ReceiptProducer(parts.settings, parts.clientId);
  }

  async follow(followed: Followed, follower: Follower, stop: AbortSignal): Promise<void> {
    const { settings, clientId, clock, report } = this.#parts;
    const cursors = Array.from({ length: followed.partitions }, (_, i) => new Cursor(i));
    let waitMs = FIRST_WAIT_MS;
    while (!stop.aborted) {
      const beganAtMs = clock.monotonicMs();
      const client = new KafkaClient(settings, clientId);
      const parts = { client, groupPrefix: clientId, followed, follower, cursors, clock, report };
      await new Session(parts).run(stop).catch((error: unknown) => {
        if (!stop.aborted) report({ kind: 'source.failed', error });
      });
      const lastedMs = clock.monotonicMs() - beganAtMs;
      waitMs = lastedMs > 10 * LONGEST_WAIT_MS ? FIRST_WAIT_MS : waitMs;
      await pause(waitMs, stop);
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    }
  }

  sendReceipt(topic: string, receipt: SignedReceipt): Promise<void> {
    return this.#receipts.send(topic, receipt);
  }

  close(): Promise<void> {
    this.#receipts.close();
    return Promise.resolve();
  }
}
