import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { addressOf, asSuperuser, AUDITOR, OWNER, SERVICE, TEMPLATE } from './template-database.js';

export interface TestDatabase {
  readonly name: string;
  readonly superuserUrl: string;
  /** Migrates. */
  readonly ownerUrl: string;
  /** What the service logs in as. */
  readonly serviceUrl: string;
  /** Reads only. */
  readonly auditorUrl: string;
  /** Removes it. Throws if sessions are still open: somebody forgot to close a pool. */
  drop(): Promise<void>;
}

/**
 * A database of its own for one test file: a copy of the migrated template. `afterAll(() => database.drop())`.
 *
 * @param cluster superuser's URL; the cluster of the test run by default
 */
export async function createTestDatabase(cluster = clusterUrl()): Promise<TestDatabase> {
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asSuperuser(cluster, [
    `create database ${name} template ${TEMPLATE} strategy file_copy owner ${OWNER}`,
  ]);
  return {
    name,
    superuserUrl: addressOf(cluster, name),
    ownerUrl: addressOf(cluster, name, OWNER),
    serviceUrl: addressOf(cluster, name, SERVICE),
    auditorUrl: addressOf(cluster, name, AUDITOR),
    drop: () => dropTestDatabase(cluster, name),
  };
}

async function dropTestDatabase(cluster: string, name: string): Promise<void> {
  const left = await sessionsLeft(cluster, name);
  await asSuperuser(cluster, [`drop database ${name} with (force)`]);
  if (left.length > 0)
    throw new Error(
      `${left.length} sessions of ${name} were still open, last seen doing: ${left.join(' | ')}`,
    );
}

/** Sessions end a moment after their client did: those that are still there after two seconds were forgotten. */
async function sessionsLeft(cluster: string, name: string): Promise<readonly string[]> {
  const client = new pg.Client({ connectionString: cluster });
  await client.connect();
  try {
    const deadline = Date.now() + 2_000;
    for (;;) {
      const { rows } = await client.query<{ doing: string }>(
        `select concat_ws(' ', usename, application_name, state, left(query, 80)) as doing
           from pg_stat_activity where datname = $1`,
        [name],
      );
      if (rows.length === 0 || Date.now() > deadline) return rows.map((row) => row.doing);
      await client.query('select pg_sleep(0.02)');
    }
  } finally {
    await client.end();
  }
}

function clusterUrl(): string {
  const url = process.env['OFFSWITCH_TEST_DATABASE_URL'];
  if (url === undefined) throw new Error('Run tests by jest: its global setup starts the servers.');
  return url;
}
