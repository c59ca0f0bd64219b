import type { DeviceId, OrganizationId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { Standing } from '../domain/standing.js';

const statement = sql('tokens.lock_issue', 'select lock_issue($1, $2, $3, $4) as locked');

export interface LockedIssue {
  /** The primary's clock after the locks were held. */
  readonly at: Date;
  readonly org: Standing | null;
  readonly user: Standing | null;
  readonly device: Standing | null;
}

/**
 * Locks the organization and the generation rows of user and device, then reads them.
 *
 * @param alone nobody else acts on the device until the transaction ends
 */
export async function lockIssue(
  tx: Tx,
  organization: OrganizationId,
  parties: { readonly user: UserId | null; readonly device: DeviceId },
  alone: boolean,
): Promise<LockedIssue> {
  const [row] = await rows<{ locked: Omit<LockedIssue, 'at'> & { readonly at: string } }>(
    tx,
    statement,
    [organization, parties.user, parties.device, alone],
  );
  if (row === undefined) throw new TypeError('lock_issue answered nothing');
  return { ...row.locked, at: new Date(row.locked.at) };
}
