import { migrations } from '../../../migrations/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from './rows.js';

/** Where each migration that ran is written down. */
export const MIGRATIONS_TABLE = 'schema_migrations';

/** `missing`: the code's, not yet run. `unknown`: run, but not by this code. */
export type SchemaState =
  | { readonly kind: 'current' }
  | { readonly kind: 'behind'; readonly missing: readonly string[] }
  | { readonly kind: 'newer'; readonly unknown: readonly string[] };

/** Newer wins over behind: a database that newer code has changed must not be touched by older code. */
export function schemaStateOf(ran: readonly string[], known: readonly string[]): SchemaState {
  const unknown = ran.filter((name) => !known.includes(name));
  if (unknown.length > 0) return { kind: 'newer', unknown };
  const missing = known.filter((name) => !ran.includes(name));
  return missing.length > 0 ? { kind: 'behind', missing } : { kind: 'current' };
}

/** @throws DomainError `store.schema_behind` | `store.schema_newer`, naming the migrations */
export function demandSchema(state: SchemaState): void {
  switch (state.kind) {
    case 'current':
      return;
    case 'behind':
      throw new DomainError(
        'store.schema_behind',
        `the database lacks ${state.missing.join(', ')}; run migrate first`,
      );
    case 'newer':
      throw new DomainError(
        'store.schema_newer',
        `the database has ${state.unknown.join(', ')}, which this version does not know; start the version that made it`,
      );
  }
}

export const knownMigrations = (): readonly string[] =>
  migrations.map((Migration) => new Migration().name);

const written = sql(
  'schema.is_written',
  `select to_regclass('public.${MIGRATIONS_TABLE}') is not null as there`,
);
const listed = sql('schema.migrations', `select name from public.${MIGRATIONS_TABLE} order by id`);

/** How the database stands to this code. Needs no more than the service's role. */
export async function schemaState(
  tx: Tx,
  known: readonly string[] = knownMigrations(),
): Promise<SchemaState> {
  const [table] = await rows<{ there: boolean }>(tx, written);
  const ran = table?.there === true ? await rows<{ name: string }>(tx, listed) : [];
  return schemaStateOf(
    ran.map(({ name }) => name),
    known,
  );
}
