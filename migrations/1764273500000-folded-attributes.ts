import type { MigrationInterface, QueryRunner } from 'typeorm';

interface Row {
  readonly id: string;
  readonly attributes: unknown;
}

const AT_ONCE = 1_000;

/** What filters read: every text of a resource in lower case, as the service folds it (ADR 1). */
export class FoldedAttributes1764273500000 implements MigrationInterface {
  readonly name = 'FoldedAttributes1764273500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`alter table resources add column folded jsonb not null default '{}'`);
    await foldAll(runner);
    await runner.query(`
      -- An entry of an index has its limits and a display name has none: its beginning leads there.
      create index resources_display_name
        on resources (organization_id, connection_id, left((folded ->> 'displayName'), 512))
        where deleted_at is null;
    `);
  }

  async down(): Promise<void> {
    await Promise.reject(new Error('migrations only go forward'));
  }
}

async function foldAll(runner: QueryRunner): Promise<void> {
  let last = '00000000-0000-0000-0000-000000000000';
  for (;;) {
    const found = (await runner.query(
      'select id, attributes from resources where id > $1 order by id limit $2',
      [last, AT_ONCE],
    )) as Row[];
    const end = found.at(-1);
    if (end === undefined) return;
    await runner.query(
      `update resources r set folded = f.folded
         from unnest($1::uuid[], $2::jsonb[]) as f (id, folded) where r.id = f.id`,
      [
        found.map(({ id }) => id),
        found.map(({ attributes }) => JSON.stringify(folded(attributes))),
      ],
    );
    last = end.id;
  }
}

function folded(value: unknown): unknown {
  if (typeof value === 'string') return value.toLowerCase();
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(folded);
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, folded(inner)]));
}
