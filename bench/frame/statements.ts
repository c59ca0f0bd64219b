import pg from 'pg';
import type { Installation } from './installation.js';

/** What one statement was asked for by each leaver. */
export interface Asked {
  readonly text: string;
  readonly calls: number;
  readonly msEach: number;
  readonly ms: number;
  readonly walKb: number;
}

const SHOWN = 18;

async function withOwner<T>(
  installation: Installation,
  work: (client: pg.Client) => Promise<T>,
): Promise<T> {
  const client = new pg.Client({ connectionString: installation.databaseUrl });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Counts from here on. @returns what has been asked since, the dearest first; needs `pg_stat_statements` preloaded */
export async function startCounting(
  installation: Installation,
): Promise<(people: number) => Promise<readonly Asked[]>> {
  await withOwner(installation, (client) =>
    client.query(
      'create extension if not exists pg_stat_statements; select pg_stat_statements_reset()',
    ),
  );
  return (people) =>
    withOwner(installation, async (client) => {
      const { rows } = await client.query<{ text: string; calls: string; ms: number; wal: string }>(
        `select regexp_replace(query, '\\s+', ' ', 'g') as text, calls, total_exec_time + total_plan_time as ms,
                wal_bytes as wal
           from pg_stat_statements where userid = 'offswitch_service'::regrole
          order by total_exec_time desc limit $1`,
        [SHOWN],
      );
      return rows.map(({ text, calls, ms, wal }) => ({
        text: text.length > 90 ? `${text.slice(0, 89)}…` : text,
        calls: Number(calls) / people,
        msEach: ms / Number(calls),
        ms: ms / people,
        walKb: Number(wal) / 1_024 / people,
      }));
    });
}
