import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { ProcessName } from '../gateways.js';

interface Standing {
  readonly is_gone: boolean;
  readonly is_live: boolean;
}

// A lease or receipt that is being written may make it live.
const lock = sql(
  'outbox.lock-process',
  `select gone_since(p) is not null as is_gone,
          greatest(p.lease_until, p.last_seen_at + make_interval(secs => $3)) >= clock_timestamp() as is_live
     from gateway_processes p
     join gateways g on g.id = p.gateway_id and g.deleted_at is null
    where p.gateway_id = $1 and p.boot = $2
      for update of p`,
);

const end = sql(
  'outbox.end-process',
  `update gateway_processes set gone_at = clock_timestamp(), gone_by = $3
    where gateway_id = $1 and boot = $2 returning gone_at`,
);

/** Whose word it is. An operator's counts only of a process that has not been heard of for `silentMs`. */
export type Word =
  { readonly by: 'gateway' } | { readonly by: 'operator'; readonly silentMs: number };

/**
 * Notes that a process is gone, from now on.
 *
 * @returns since when, or why nothing was noted; `gone`: it was already
 */
export async function endProcess(
  tx: Tx,
  { gateway, boot }: ProcessName,
  word: Word,
): Promise<{ readonly at: Date } | 'unknown' | 'live' | 'gone'> {
  const name = [gateway, boot];
  const [standing] = await rows<Standing>(tx, lock, [
    ...name,
    word.by === 'operator' ? word.silentMs / 1_000 : 0,
  ]);
  if (standing === undefined) return 'unknown';
  if (standing.is_gone) return 'gone';
  if (word.by === 'operator' && standing.is_live) return 'live';
  const [row] = await rows<{ readonly gone_at: Date }>(tx, end, [...name, word.by]);
  return row === undefined ? 'unknown' : { at: row.gone_at };
}
