import type { OutboxRecord } from './domain/outbox-record.js';

export abstract class RevocationPublisher {
  /**
   * Sends what has just been committed. Returns at once, never throws, and nobody waits for it: whatever it
   * cannot send or hold, the sweeper finds in the queue.
   *
   * @param committedAt our clock after COMMIT returned
   */
  abstract offer(records: readonly OutboxRecord[], committedAt: Date): void;
}

/** What stands between a commit and the topic, for health and alarms. */
export interface PublisherState {
  /** False while the topics could not be checked, or are not as they must be. */
  readonly isTopicReady: boolean;
  /** What is wrong with the topics, or why they could not be checked; null when all is well. */
  readonly trouble: string | null;
  /** Age of the oldest record that the broker has not acknowledged, milliseconds; 0 when there is none. */
  readonly oldestUnackedMs: number;
  readonly unacked: number;
  readonly setAside: number;
}

export abstract class PublisherHealth {
  /** @throws DomainError `store.unavailable` */
  abstract state(): Promise<PublisherState>;
}
