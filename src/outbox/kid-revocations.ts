import { entryDigest, entryOf, type AuditEntry, type AuditLog } from '../audit/index.js';
import type { Case, Cases } from '../cases/index.js';
import type { Hash } from '../contract/crypto-types.js';
import type { RevocationRecord } from '../contract/revocation-record.js';
import type { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type CaseId, type EntryId, type Id } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import { outboxRecord, type OutboxRecord } from './domain/outbox-record.js';
import type { Asking } from './gateways.js';
import type { Outbox } from './outbox.js';
import { addRevokedKid, caseOfKid, listRevokedKids } from './postgres/revoked-kids.js';
import type { RevocationPublisher } from './revocation-publisher.js';
import { RevokedKids } from './revoked-kids.js';

export interface KidParts {
  readonly transactions: Transactions;
  readonly cases: Cases;
  readonly audit: AuditLog;
  readonly outbox: Outbox;
  readonly publisher: RevocationPublisher;
  readonly installation: { readonly id: Id<'installation'>; readonly partitions: number };
  readonly hash: Hash;
  readonly clock: Clock;
}

interface Request {
  readonly kid: string;
  readonly reason: string;
  readonly receivedAt: Date;
}

/** RFC 7517 leaves a key id open; ours, and what a watermark repeats for ever, is short and printable. */
const KID = /^[\x21-\x7e]{1,256}$/;

export class KidRevocations extends RevokedKids {
  readonly #parts: KidParts;

  constructor(parts: KidParts) {
    super();
    this.#parts = parts;
  }

  override async revoke(request: Request, asking: Asking): Promise<Case> {
    if (!KID.test(request.kid))
      throw new DomainError('request.invalid_value', 'kid: 1 to 256 printable characters');
    const { transactions, publisher, clock } = this.#parts;
    const { outcome, records } = await transactions.run('deprovision', (tx) =>
      this.#revokeOnce(tx, request, asking),
    );
    publisher.offer(records, clock.now());
    return outcome;
  }

  override list(tx: Tx): Promise<readonly string[]> {
    return listRevokedKids(tx);
  }

  async #revokeOnce(
    tx: Tx,
    request: Request,
    asking: Asking,
  ): Promise<{ readonly outcome: Case; readonly records: readonly OutboxRecord[] }> {
    const { audit, cases, outbox, installation, hash } = this.#parts;
    const revokedAt = await audit.now(tx);
    const id = newId<CaseId>();
    if (!(await addRevokedKid(tx, request.kid, { case: id, revokedAt })))
      return { outcome: await this.#firstCase(tx, request.kid), records: [] };
    const entry = this.#entry({ id, revokedAt, request, asking });
    const opened = caseOf({ id, revokedAt, request, asking });
    const record = outboxRecord(
      recordOf(opened.id, request.kid, { revokedAt, audit: entryDigest(entry, hash) }),
      installation.partitions,
      hash,
    );
    await cases.open(tx, opened);
    await audit.append(tx, [entry]);
    await outbox.enqueue(tx, [record]);
    return { outcome: opened, records: [record] };
  }

  async #firstCase(tx: Tx, kid: string): Promise<Case> {
    const id = await caseOfKid(tx, kid);
    const first = id === null ? null : await this.#parts.cases.get(tx, null, id);
    if (first === null) throw new DomainError('service.failed', 'a revoked key has no case');
    return first;
  }

  #entry({ id, revokedAt, request, asking }: Opening): AuditEntry {
    return entryOf({
      id: newId<EntryId>(),
      org: this.#parts.installation.id,
      at: revokedAt.toISOString(),
      action: 'revocation.requested',
      outcome: 'success',
      actor: asking.actor,
      subject: { type: 'kid', id: request.kid },
      case: id,
      request_id: asking.requestId,
      detail: { reason: request.reason },
    });
  }
}

interface Opening {
  readonly id: CaseId;
  readonly revokedAt: Date;
  readonly request: Request;
  readonly asking: Asking;
}

const caseOf = ({ id, revokedAt, request, asking }: Opening): Case => ({
  id,
  organization: null,
  cause: {
    kind: 'admin',
    connection: null,
    signal: null,
    actor: asking.actor.id,
    reason: request.reason,
  },
  receivedAt: request.receivedAt,
  effect: {
    subject: { scope: 'kid', id: request.kid },
    user: null,
    generation: null,
    counts: { devices: 0, tokens: 0 },
    revokedAt,
  },
});

const recordOf = (
  id: CaseId,
  kid: string,
  done: { readonly revokedAt: Date; readonly audit: string },
): RevocationRecord => ({
  v: 1,
  org: '*',
  scope: 'kid',
  subject: kid,
  generation: null,
  not_before: Math.floor(done.revokedAt.getTime() / 1_000),
  cause: 'admin',
  case: id,
  revoked_at: done.revokedAt.toISOString(),
  audit: done.audit,
});
