import pg from 'pg';
import { Secret } from '../../kernel/secret.js';
import { migratePrivileged } from '../postgres/migrate.js';
import type { HomeSecrets } from './home-secrets.js';

const DATABASE = 'offswitch';

/** The service's database in the embedded cluster, migrated, and the address of the service's own role. */
export async function embeddedDatabase(
  superuserUrl: string,
  kept: Pick<HomeSecrets, 'ownerPassword' | 'servicePassword' | 'auditorPassword'>,
): Promise<Secret> {
  const url = new URL(superuserUrl);
  await createDatabase(url.href);
  url.pathname = `/${DATABASE}`;
  await migratePrivileged({
    url: url.href,
    owner: 'offswitch_owner',
    logins: {
      offswitch_owner: kept.ownerPassword,
      offswitch_service: kept.servicePassword,
      offswitch_auditor: kept.auditorPassword,
    },
  });
  url.username = 'offswitch_service';
  url.password = kept.servicePassword;
  return new Secret(url.href);
}

async function createDatabase(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [
      DATABASE,
    ]);
    if (rowCount === 0) await client.query(`create database ${DATABASE}`);
  } finally {
    await client.end();
  }
}
