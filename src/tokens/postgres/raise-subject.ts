import { leastRaised } from '../../contract/generation.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { End, Raised } from '../domain/plan-end.js';

// The generation decides; the columns of the token rows report. Runs after the subject's row is locked for update.
const text = (scope: End['scope'], column: string) => `
  with raised as (
     update subject_generations set generation = greatest(generation + 1, $6::bigint), changed_at = $3
      where organization_id = $1 and scope = '${scope}' and subject_id = $2
     returning generation),
   ended as (
     update device_tokens set revoked_at = $3, revoked_cause = $4, revoked_case = $5
      where organization_id = $1 and ${column} = $2 and revoked_at is null
     returning device_id, expires_at)
   select r.generation,
          (select count(*)::integer from ended e where e.expires_at > $3) as tokens,
          (select count(distinct e.device_id)::integer from ended e where e.expires_at > $3) as devices
     from raised r`;

// One per scope, so that each is answered by its own index.
const statements = {
  device: sql('tokens.raise_device', text('device', 'device_id')),
  family: sql('tokens.raise_family', text('family', 'id')),
} as const satisfies Record<End['scope'], unknown>;

/** Ends all that was issued under a device or a family. The caller holds the subject's generation row for update. */
export async function raiseSubject(tx: Tx, end: End, epoch: number): Promise<Raised> {
  const [row] = await rows<{ generation: string; tokens: number; devices: number }>(
    tx,
    statements[end.scope],
    [end.organization, end.subject, end.at, end.kind, end.case, leastRaised(epoch)],
  );
  if (row === undefined) throw new TypeError('the subject has no generation row');
  return { ...row, generation: Number(row.generation) };
}
