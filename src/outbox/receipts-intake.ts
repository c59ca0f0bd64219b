import type { AuditLog, LogId, Refusals } from '../audit/index.js';
import { MessageRefused } from '../contract/read.js';
import type { GatewayId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import type { IncomingMessage } from '../platform/kafka/group-consumer.js';
import type { Log } from '../platform/log/log.js';
import { auditReturned } from './audit-returned.js';
import { gatherReceipts, type VerifiedReceipt } from './domain/gather-receipts.js';
import { isProven, readSignedReceipt, type ClaimedReceipt } from './domain/read-signed-receipt.js';
import type { OutboxMetrics } from './outbox-metrics.js';
import { findProcessKeys, type ProcessKey } from './postgres/find-process-keys.js';
import { storeReceipts } from './postgres/store-receipts.js';
import { ReceiptKeys } from './receipt-keys.js';

export interface IntakeParts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly refusals: Refusals;
  readonly installation: { readonly id: LogId };
  readonly log: Log;
  readonly metrics: OutboxMetrics;
}

/** A receipt that waits for its process's key. */
interface Claim extends ClaimedReceipt {
  readonly storedAt: Date;
}

const nameOf = (gateway: string, boot: string): string => `${gateway}/${boot}`;

/**
 * Takes gateways' receipts in, whichever way they came. Only what the named process has signed with the key of its
 * lease counts; everything else is refused and counted, and never stops the ones behind it.
 */
export class ReceiptsIntake {
  readonly #parts: IntakeParts;
  readonly #receiptKeys = new ReceiptKeys();

  constructor(parts: IntakeParts) {
    this.#parts = parts;
  }

  /**
   * Stores what is proven, all in one statement. If we die before, the same messages come again.
   *
   * @returns how many were proven
   */
  async take(messages: readonly IncomingMessage[]): Promise<number> {
    const { transactions, metrics } = this.#parts;
    const claims = messages.flatMap((message) => this.#read(message));
    const keys = await this.#keysOf(claims);
    const proven: VerifiedReceipt[] = [];
    const saidGone = new Set<ProcessKey>();
    for (const claim of claims) {
      const known = keys.get(nameOf(claim.receipt.gateway, claim.receipt.boot));
      if (known === undefined) this.#refuse('unknown_process');
      else if (!isProven(claim, this.#receiptKeys.verifierOf(known.key)))
        this.#refuse('bad_signature');
      else {
        proven.push({ receipt: claim.receipt, receivedAt: claim.storedAt });
        if (known.wasSaidGone) saidGone.add(known);
      }
    }
    if (proven.length === 0) return 0;
    const news = await transactions.read('background', (tx) =>
      storeReceipts(tx, gatherReceipts(proven)),
    );
    // The gateway's clock may be behind ours.
    for (const { gateway, seconds } of news)
      metrics.endToEnd.observe({ gateway }, Math.max(0, seconds));
    metrics.receiptsTaken.inc(proven.length);
    if (saidGone.size > 0) await this.#auditReturned([...saidGone]);
    return proven.length;
  }

  /** Nearly never: nobody has said it of nearly all. */
  async #auditReturned(names: readonly ProcessKey[]): Promise<void> {
    const { transactions, audit, installation } = this.#parts;
    await transactions.run('background', (tx) =>
      auditReturned(tx, audit, {
        installation: installation.id,
        names,
        requestId: null,
      }),
    );
  }

  #read({ key, value, headers, storedAt }: IncomingMessage): Claim[] {
    try {
      const text = new TextDecoder().decode(value);
      const claimed = readSignedReceipt({ key, value, text, headers }, (signature) =>
        Buffer.from(signature, 'base64url'),
      );
      return [{ ...claimed, storedAt }];
    } catch (error) {
      if (!(error instanceof MessageRefused)) throw error;
      this.#refuse('unreadable');
      return [];
    }
  }

  // The keys are read each time: a gateway that was deleted a moment ago has none any more.
  async #keysOf(claims: readonly Claim[]): Promise<ReadonlyMap<string, ProcessKey>> {
    const names = new Map(
      claims.map(({ receipt: { gateway, boot } }) => [
        nameOf(gateway, boot),
        { gateway: gateway as GatewayId, boot },
      ]),
    );
    if (names.size === 0) return new Map();
    const found = await this.#parts.transactions.read('background', (tx) =>
      findProcessKeys(tx, [...names.values()]),
    );
    return new Map(found.map((known) => [nameOf(known.gateway, known.boot), known]));
  }

  #refuse(reason: 'unreadable' | 'unknown_process' | 'bad_signature'): void {
    const { metrics, log, refusals, installation } = this.#parts;
    metrics.receiptsRefused.inc({ reason });
    log.debug('a receipt was refused', { reason });
    refusals.count({
      log: installation.id,
      connection: null,
      door: 'receipts',
      reason: reason === 'unreadable' ? 'request.malformed' : 'credential.invalid',
    });
  }
}
