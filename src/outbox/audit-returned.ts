import { entryOf, type AuditLog, type LogId } from '../audit/index.js';
import { newId, type EntryId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type { ProcessName } from './gateways.js';
import { withdrawEnds } from './postgres/withdraw-ends.js';

/**
 * Writes down, once, which of these processes were said to be gone and have been heard of since. They have counted all
 * the time: if it is not written now, it is when they are heard of next.
 */
export async function auditReturned(
  tx: Tx,
  audit: AuditLog,
  {
    installation,
    names,
    requestId,
  }: {
    readonly installation: LogId;
    readonly names: readonly ProcessName[];
    /** None of a receipt that came over the broker. */
    readonly requestId: string | null;
  },
): Promise<void> {
  const returned = await withdrawEnds(tx, names);
  if (returned.length === 0) return;
  await audit.append(
    tx,
    returned.map(({ gateway, boot, goneAt, at }) =>
      entryOf({
        id: newId<EntryId>(),
        org: installation,
        at: at.toISOString(),
        action: 'gateway.process_returned',
        outcome: 'success',
        actor: { type: 'gateway', id: gateway },
        subject: { type: 'gateway', id: gateway },
        request_id: requestId,
        detail: { boot, gone_at: goneAt.toISOString() },
      }),
    ),
  );
}
