import type { FamilyId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import type { Assignment } from '../../directory/index.js';
import { rows, sql } from '../../platform/postgres/rows.js';

const statement = sql('tokens.lock_takeback', 'select lock_takeback($1, $2, $3) as locked');

export interface LockedTakeback {
  /** The primary's clock after the locks were held. */
  readonly at: Date;
  /** Living device tokens of this user on this device. */
  readonly families: readonly { readonly id: FamilyId; readonly generation: number }[];
}

/** Locks the device alone, and the user's device tokens on it, then reads them. */
export async function lockTakeback(
  tx: Tx,
  { organization, user, device }: Assignment,
): Promise<LockedTakeback> {
  const [row] = await rows<{ locked: Omit<LockedTakeback, 'at'> & { readonly at: string } }>(
    tx,
    statement,
    [organization, user, device],
  );
  if (row === undefined) throw new TypeError('lock_takeback answered nothing');
  return { ...row.locked, at: new Date(row.locked.at) };
}
