import type { OutboxRecord } from '../domain/outbox-record.js';
import { RevocationPublisher } from '../revocation-publisher.js';

/** Lets the feed know that there is news. Whatever is not heard here is found a moment later. */
export class WakingPublisher extends RevocationPublisher {
  readonly #publisher: RevocationPublisher;
  readonly #feed: { ring(): void };

  constructor(publisher: RevocationPublisher, feed: { ring(): void }) {
    super();
    this.#publisher = publisher;
    this.#feed = feed;
  }

  override offer(records: readonly OutboxRecord[], committedAt: Date): void {
    this.#publisher.offer(records, committedAt);
    this.#feed.ring();
  }
}
