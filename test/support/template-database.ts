import pg from 'pg';
import { migratePrivileged } from '../../src/platform/postgres/migrate.js';

export const TEMPLATE = 'offswitch_template';

/** The people of the test cluster: each logs in with its own name as password. */
export const OWNER = 'test_owner';
export const SERVICE = 'test_service';
export const AUDITOR = 'test_auditor';

/** Makes the roles of the cluster and the migrated database that every test database is a copy of. */
export async function makeTemplate(superuserUrl: string): Promise<void> {
  await asSuperuser(superuserUrl, [
    `create role ${OWNER} login password '${OWNER}'`,
    `create database ${TEMPLATE} owner ${OWNER}`,
  ]);
  await migratePrivileged({ url: addressOf(superuserUrl, TEMPLATE), owner: OWNER });
  await asSuperuser(superuserUrl, [
    `create role ${SERVICE} login password '${SERVICE}' in role offswitch_service`,
    `create role ${AUDITOR} login password '${AUDITOR}' in role offswitch_auditor`,
    `alter database ${TEMPLATE} is_template true`,
  ]);
}

/** The address of another database of the cluster, and of another role. */
export function addressOf(superuserUrl: string, database: string, role?: string): string {
  const url = new URL(superuserUrl);
  url.pathname = `/${database}`;
  if (role !== undefined) {
    url.username = role;
    url.password = role;
  }
  return url.href;
}

export async function asSuperuser(url: string, statements: readonly string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}
