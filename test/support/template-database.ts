import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import pg from 'pg';
import { inProject } from './from-source.js';

export const TEMPLATE = 'offswitch_template';

/** The people of the test cluster: each logs in with its own name as password. */
export const OWNER = 'test_owner';
export const SERVICE = 'test_service';
export const AUDITOR = 'test_auditor';

/** Makes the roles of the cluster and the migrated database that every test database is a copy of. */
export async function makeTemplate(superuserUrl: string): Promise<void> {
  await asSuperuser(superuserUrl, [
    `create role ${OWNER} login createrole password '${OWNER}'`,
    `create database ${TEMPLATE} owner ${OWNER}`,
  ]);
  await migrateTemplate(
    addressOf(superuserUrl, TEMPLATE),
    addressOf(superuserUrl, TEMPLATE, OWNER),
  );
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

async function migrateTemplate(superuserUrl: string, ownerUrl: string): Promise<void> {
  const runner = 'src/platform/postgres/migrate.ts';
  if (existsSync(inProject(runner))) {
    const { migrate } = await import(inProject(runner));
    await migrate({ superuserUrl, ownerUrl });
    return;
  }
  const client = new pg.Client({ connectionString: superuserUrl });
  await client.connect();
  try {
    await client.query(`create table schema_migrations (name text);
      create role offswitch_service; create role offswitch_auditor`);
    const files = await readdir(inProject('migrations'));
    for (const file of files.filter((name) => /^\d/u.test(name)).sort()) {
      const exported = await import(inProject(`migrations/${file}`));
      for (const Migration of Object.values<new () => { up(runner: unknown): Promise<void> }>(
        exported,
      ))
        await new Migration().up(client);
    }
  } finally {
    await client.end();
  }
}
