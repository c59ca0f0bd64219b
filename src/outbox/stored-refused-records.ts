import { entryOf, type AuditLog } from '../audit/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type EntryId, type Id } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import type { Asking } from './gateways.js';
import {
  listRefused,
  lockRefused,
  queueRefused,
  type RefusedRow,
} from './postgres/refused-records.js';
import { RefusedRecords, type RefusedRecord } from './refused-records.js';

export interface RefusedParts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly installation: Id<'installation'>;
}

/** More at once are one trouble with one cause: an operator mends that first. */
const MOST = 1_000;
const DIGEST = /^[A-Za-z0-9_-]{43}$/;

export class StoredRefusedRecords extends RefusedRecords {
  readonly #parts: RefusedParts;

  constructor(parts: RefusedParts) {
    super();
    this.#parts = parts;
  }

  override async list(): Promise<readonly RefusedRecord[]> {
    const found = await this.#parts.transactions.read('service', (tx) => listRefused(tx, MOST));
    return found.map(viewOf);
  }

  override async retry(digest: string, asking: Asking): Promise<void> {
    if (!DIGEST.test(digest)) throw new DomainError('record.unknown');
    await this.#parts.transactions.run('service', (tx) => this.#retryIn(tx, digest, asking));
  }

  async #retryIn(tx: Tx, digest: string, asking: Asking): Promise<void> {
    const { audit, installation } = this.#parts;
    const refused = await lockRefused(tx, digest);
    if (refused === null)
      throw new DomainError('record.unknown', 'it was not refused, or it has been sent since');
    if (refused.is_queued) return;
    await queueRefused(tx, refused);
    const at = await audit.now(tx);
    await audit.append(tx, [
      entryOf({
        id: newId<EntryId>(),
        org: refused.organization_id ?? installation,
        at: at.toISOString(),
        action: 'record.retried',
        outcome: 'success',
        actor: asking.actor,
        subject: { type: 'record', id: digest },
        case: refused.case_id,
        request_id: asking.requestId,
      }),
    ]);
  }
}

const viewOf = (row: RefusedRow): RefusedRecord => ({
  digest: row.digest,
  org: row.organization_id,
  case: row.case_id,
  partition: row.partition,
  refusal: row.refusal,
  refused_at: row.refused_at.toISOString(),
  retried_at: row.retried_at?.toISOString() ?? null,
  state: row.is_queued ? 'queued' : 'set_aside',
});
