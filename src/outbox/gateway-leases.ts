import { entryOf, type AuditLog } from '../audit/index.js';
import { MAX_ACCESS_TTL_S } from '../contract/access-token.js';
import type { ForeignIssuer, Jwks, Lease, LeaseRequest } from '../contract/lease.js';
import type { Topics } from '../contract/topics.js';
import { DomainError } from '../kernel/domain-error.js';
import { auditReturned } from './audit-returned.js';
import { isFolded } from './foreign-issuers.js';
import { newId, type EntryId, type GatewayId, type Id } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import { issuersInUse, type IssuerRow } from './postgres/foreign-issuers.js';
import { endProcess } from './postgres/end-process.js';
import { leaseProcess, type GrantedLease } from './postgres/lease-process.js';
import { MAX_CLOCK_SKEW_MS, windowS } from './window.js';

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

interface Granted extends GrantedLease {
  readonly issuers: readonly IssuerRow[];
}

const isLiving = ({ removed_at: removedAt }: IssuerRow): boolean => removedAt === null;

const foreignIssuerOf = (row: IssuerRow): ForeignIssuer => ({
  id: row.id,
  org: row.organization_id,
  issuer: row.issuer,
  audience: row.audience,
  jwks_url: row.jwks_url,
  jwks: row.jwks,
  max_ttl_s: row.max_ttl_s,
  not_before: Math.floor(row.created_at.getTime() / 1_000),
  folds_sub: isFolded(row.subject),
  policy: row.policy,
});

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
        await this.#audit(tx, 'gateway.leased', {
          gateway,
          at: lease.at,
          requestId: around.requestId,
          detail: { boot: request.boot, version: request.version, policy: request.policy },
        });
      if (lease.wasSaidGone)
        await auditReturned(tx, audit, {
          installation: installation.id,
          names: [{ gateway, boot: request.boot }],
          requestId: around.requestId,
        });
      return { ...lease, issuers: await issuersInUse(tx) };
    });
    return this.#lease(gateway, granted, around.place);
  }

  /**
   * The word of a gateway that a process of its own has ended. Once more does nothing.
   *
   * @throws DomainError `gateway.process_unknown`
   */
  async end(gateway: GatewayId, boot: string, requestId: string): Promise<void> {
    await this.#parts.transactions.run('service', async (tx) => {
      const end = await endProcess(tx, { gateway, boot }, { by: 'gateway' });
      if (end === 'unknown') throw new DomainError('gateway.process_unknown');
      if (typeof end === 'string') return;
      const said = { gateway, at: end.at, requestId, detail: { boot } };
      await this.#audit(tx, 'gateway.process_gone', said);
    });
  }

  /** What a gateway did of its own accord. */
  #audit(
    tx: Tx,
    action: 'gateway.leased' | 'gateway.process_gone',
    done: {
      readonly gateway: GatewayId;
      readonly at: Date;
      readonly requestId: string;
      readonly detail: Readonly<Record<string, string>>;
    },
  ): Promise<void> {
    const { audit, installation } = this.#parts;
    const itself = { type: 'gateway', id: done.gateway } as const;
    return audit.append(tx, [
      entryOf({
        id: newId<EntryId>(),
        org: installation.id,
        at: done.at.toISOString(),
        action,
        outcome: 'success',
        actor: itself,
        subject: itself,
        request_id: done.requestId,
        detail: done.detail,
      }),
    ]);
  }

  #lease(gateway: GatewayId, granted: Granted, place: string): Lease {
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
      window_s: windowS(Math.max(0, ...granted.issuers.map((issuer) => issuer.max_ttl_s))),
      foreign_issuers: granted.issuers.filter(isLiving).map(foreignIssuerOf),
      kafka: { topics },
    };
  }
}
