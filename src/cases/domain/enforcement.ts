import type { Policy } from '../../contract/lease.js';
import type { GatewayId } from '../../kernel/ids.js';

/** How far one record of a case has come. */
export interface RecordProgress {
  readonly digest: string;
  readonly partition: number;
  /** Null until the broker has acknowledged it. */
  readonly ack: {
    readonly offset: number;
    readonly ackedAt: Date;
    /** The committing process's clock after COMMIT returned; null when a crash swallowed it. */
    readonly committedAt: Date | null;
  } | null;
  /** True when a watermark lists it: from then on every gateway must have it to be fresh. */
  readonly covered: boolean;
}

/** One gateway process that counts for a case. */
export interface ProcessProgress {
  readonly gateway: GatewayId;
  readonly name: string;
  readonly policy: Policy;
  /** When it had applied the last record of the case, its own clock; null while one is missing. */
  readonly appliedAt: Date | null;
}

/** What is known about a case beyond the database that committed it. */
export interface Enforcement {
  readonly records: readonly RecordProgress[];
  /** Those with a lease or receipt in the 3·S before the revocation; best-effort ones until they are deleted. */
  readonly processes: readonly ProcessProgress[];
}
