import { entryOf, type AuditLog } from '../audit/index.js';
import { MAX_ACCESS_TTL_S } from '../contract/access-token.js';
import type { Jwks, Lease, LeaseRequest } from '../contract/lease.js';
import type { Topics } from '../contract/topics.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type EntryId, type GatewayId, type Id } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import { leaseProcess, type GrantedLease } from './postgres/lease-process.js';

/** How far clocks may differ, milliseconds; it lies inside S (P3). */
const MAX_CLOCK_SKEW_MS = 1_000;

/** Older records can refuse no living token, seconds: the largest lifetime and the clocks' difference. */
export const WINDOW_S = MAX_ACCESS_TTL_S + MAX_CLOCK_SKEW_MS / 1_000;

export interface LeaseParts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly installation: {
    readonly id: Id<'installation'>;
    readonly issuer: string;
  };
  readonly audience: string;
  readonly recordKeys: Jwks;
  readonly topics: Topics;
  /** S, milliseconds. */
  readonly stalenessMs: number;
}

/** Tells gateway processes what they need to follow and to decide, and remembers who follows. */
export class GatewayLeases {
  readonly #parts: LeaseParts;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
  }

  /**
   * Grants a lease of S. From the first one on the process counts for every case.
   *
   * @param place where the service is reached, without a slash at its end
   * @throws DomainError `request.invalid_value` when the process began with another public key
   */
  async renew(
    gateway: GatewayId,
    request: LeaseRequest,
    around: { readonly place: string; readonly requestId: string },
  ): Promise<Lease> {
    const { transactions, audit, installation, stalenessMs } = this.#parts;
    const granted = await transactions.run('service', async (tx) => {
      const lease = await leaseProcess(tx, gateway, request, stalenessMs);
      if (lease === null)
        throw new DomainError('request.invalid_value', 'public_key: this boot began with another');
      if (lease.isFirst)
        await audit.append(tx, [
          entryOf({
            id: newId<EntryId>(),
            org: installation.id,
            at: lease.at.toISOString(),
            action: 'gateway.leased',
            outcome: 'success',
            actor: { type: 'gateway', id: gateway },
            subject: { type: 'gateway', id: gateway },
            request_id: around.requestId,
            detail: { boot: request.boot, version: request.version, policy: request.policy },
          }),
        ]);
      return lease;
    });
    return this.#lease(gateway, granted, around.place);
  }

  #lease(gateway: GatewayId, granted: GrantedLease, place: string): Lease {
    const { installation, audience, recordKeys, topics, stalenessMs } = this.#parts;
    return {
      id: gateway,
      lease_until: granted.leaseUntil.toISOString(),
      installation: installation.id,
      epoch: granted.epoch,
      partitions: granted.partitions,
      issuer: installation.issuer,
      audience,
      jwks_url: `${place}/.well-known/jwks.json`,
      record_keys: recordKeys,
      staleness_ms: stalenessMs,
      max_clock_skew_ms: MAX_CLOCK_SKEW_MS,
      max_ttl_s: MAX_ACCESS_TTL_S,
      window_s: WINDOW_S,
      kafka: { topics },
    };
  }
}
