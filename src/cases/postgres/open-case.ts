import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import type { Case } from '../domain/case.js';

const statement = sql(
  'cases.open',
  `insert into cases (id, organization_id, scope, subject_id, user_id, generation, cause_kind, cause_connection,
                      cause_signal, cause_actor, cause_reason, devices, tokens, received_at, revoked_at)
   values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
);

export async function openCase(tx: Tx, opened: Case): Promise<void> {
  const { cause, effect } = opened;
  await rows(tx, statement, [
    opened.id,
    opened.organization,
    effect?.subject.scope ?? null,
    effect?.subject.id ?? null,
    effect?.user ?? null,
    effect?.generation ?? null,
    cause.kind,
    cause.connection,
    cause.signal,
    cause.actor,
    cause.reason,
    effect?.counts.devices ?? 0,
    effect?.counts.tokens ?? 0,
    opened.receivedAt,
    effect?.revokedAt ?? null,
  ]);
}
