import type { Actor } from '../audit/index.js';
import type { Policy } from '../contract/lease.js';
import type { GatewayId } from '../kernel/ids.js';
import type { Secret } from '../kernel/secret.js';
import type { Lane } from '../kernel/tx.js';

/** Who asks, for the audit log. */
export interface Asking {
  readonly actor: Actor;
  readonly requestId: string;
}

/** One process of a gateway. */
export interface ProcessName {
  readonly gateway: GatewayId;
  readonly boot: string;
}

/** A gateway on the wire (`GET /v1/gateways`). */
export interface GatewayView {
  readonly id: string;
  readonly name: string;
  readonly created_at: string;
  /** Its processes that were seen within the last day, and best-effort ones that still count; the latest first. */
  readonly processes: readonly {
    readonly boot: string;
    readonly version: string;
    readonly policy: Policy;
    readonly state: 'live' | 'silent' | 'gone';
    /** It has not confirmed, on every partition, a watermark younger than S. */
    readonly behind: boolean;
    readonly first_seen_at: string;
    readonly last_seen_at: string;
    readonly lease_until: string;
    /** Since when it counts for no new case; null while it does. */
    readonly gone_at: string | null;
    /** Age of its oldest partition's watermark when we last heard of it, milliseconds; null before a receipt. */
    readonly view_age_ms: number | null;
  }[];
}

/** Gateways belong to the installation. */
export abstract class Gateways {
  /**
   * @returns the key, in the only moment in which it is known
   * @throws DomainError `gateway.name_taken`
   */
  abstract register(
    name: string,
    asking: Asking,
  ): Promise<{ readonly id: GatewayId; readonly key: string }>;

  /** Makes the gateway of a key that was made elsewhere (the home of an embedded start), unless it is there. */
  abstract ensure(name: string, key: Secret): Promise<void>;

  /**
   * Ends its key, and it no longer counts for cases that it has not answered.
   *
   * @throws DomainError `gateway.unknown`
   */
  abstract remove(id: GatewayId, asking: Asking): Promise<void>;

  /**
   * An operator's word that a process is gone. It counts for no case from now on; for those before nothing changes. If
   * it is heard of again, it was not gone. Once more does nothing.
   *
   * @throws DomainError `gateway.process_unknown`, `gateway.process_live` while it was heard of within S
   */
  abstract declareGone(process: ProcessName, asking: Asking): Promise<void>;

  abstract list(): Promise<readonly GatewayView[]>;

  /** The gateway whose key this is; null when it is nobody's, or no longer. */
  abstract authenticate(credential: string, lane?: Lane): Promise<GatewayId | null>;
}
