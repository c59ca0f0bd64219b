import type { Asking } from './gateways.js';

/** A record that the broker has refused and not taken since, on the wire (`GET /v1/outbox/refused`). */
export interface RefusedRecord {
  readonly digest: string;
  /** Null for a signing key of the installation. */
  readonly org: string | null;
  readonly case: string;
  readonly partition: number;
  /** What the broker said. */
  readonly refusal: string;
  readonly refused_at: string;
  readonly retried_at: string | null;
  /** `queued` once it has been asked for again, until the broker answers. */
  readonly state: 'set_aside' | 'queued';
}

/** What was set aside: gateways have fetched it as a repair, but the topic lacks it. */
export abstract class RefusedRecords {
  /** The oldest thousand, the oldest first. */
  abstract list(): Promise<readonly RefusedRecord[]>;

  /**
   * Queues it again; a sweeper sends it within seconds. If the broker still refuses it, it is set aside once more.
   * Asked for while it is queued, nothing changes.
   *
   * @throws DomainError `record.unknown` when nothing of this name was refused, or when it has been sent since
   */
  abstract retry(digest: string, asking: Asking): Promise<void>;
}
