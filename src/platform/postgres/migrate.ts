import { DatabaseError } from 'pg';
import { DataSource, MigrationExecutor, QueryFailedError, type QueryRunner } from 'typeorm';
import { migrations as all, type Migration } from '../../../migrations/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { auditOwner, lockAuditSchema, openAuditSchema } from './privileged/audit-schema.js';
import { letIn, makeRoles, ownerOf, type Logins } from './privileged/roles.js';
import { demandSchema, MIGRATIONS_TABLE, schemaStateOf } from './schema-state.js';

export interface MigrateOptions {
  /** Whose connection: the owner's (`DATABASE_OWNER_URL`), a superuser's for {@link migratePrivileged}. */
  readonly url: string;
  /** All that the code knows; tests pass others. */
  readonly migrations?: readonly (new () => Migration)[];
}

export interface PrivilegedOptions extends MigrateOptions {
  /** Owns the tables and runs later migrations. Where migrations have run already, whoever ran them stays it. */
  readonly owner?: string;
  /** Roles that shall log in, each with its password. Without one a role keeps what the operator gave it. */
  readonly logins?: Logins;
}

/** The oldest that the defences of the audit schema were tried on. */
const OLDEST_SERVER = 150_000;

/**
 * Brings the database up to the code. Returns the names of the migrations that ran.
 *
 * One transaction under one lock: of two that start at once the second waits and finds nothing to do; one that
 * dies leaves nothing behind.
 *
 * @throws DomainError `store.schema_newer` when the database has seen migrations that this code does not know;
 *   `store.privilege_missing` when it needs `--privileged` or a right that this owner lacks;
 *   `store.unsuitable` for a server that is too old or a database that is not UTF8
 */
export async function migrate(options: MigrateOptions): Promise<readonly string[]> {
  return underLock(options, async (runner, executor) => {
    const pending = await pendingOf(runner, executor);
    const stuck = pending.filter(changesAudit);
    const owner = await auditOwner(runner);
    if (stuck.length > 0 && owner !== null && !(await mayActAs(runner, owner)))
      throw new DomainError(
        'store.privilege_missing',
        `${namesOf(stuck).join(', ')}: the audit schema belongs to ${owner}; run migrate --privileged as a superuser`,
      );
    for (const migration of pending) await executor.executeMigration(migration);
    return namesOf(pending);
  });
}

/**
 * Does all that {@link migrate} does, and what only a superuser can: makes the roles that are missing, gives the
 * audit schema to a role that nobody logs in as, and arms the event triggers that guard it. Running it again
 * repairs what has been loosened and changes nothing else.
 *
 * @throws DomainError as {@link migrate}
 */
export async function migratePrivileged(options: PrivilegedOptions): Promise<readonly string[]> {
  return underLock(options, async (runner, executor) => {
    const pending = await pendingOf(runner, executor);
    const owner = (await ownerOf(runner, MIGRATIONS_TABLE)) ?? options.owner ?? 'offswitch_owner';
    const guarded = await openAuditSchema(runner);
    await makeRoles(runner, owner);
    for (const migration of pending) {
      // A guarded schema takes nothing from the owner; what we make in it ourselves is handed over below.
      if (!(guarded && changesAudit(migration))) await actAs(runner, owner);
      await executor.executeMigration(migration);
      await runner.query('reset role');
    }
    if ((await auditOwner(runner)) !== null) await lockAuditSchema(runner);
    await letIn(runner, options.logins ?? {});
    return namesOf(pending);
  });
}

type Pending = Awaited<ReturnType<MigrationExecutor['getPendingMigrations']>>[number];

const changesAudit = ({ instance }: Pending): boolean =>
  (instance as Migration | undefined)?.changesAudit === true;
const namesOf = (pending: readonly Pending[]): string[] => pending.map(({ name }) => name);

async function pendingOf(runner: QueryRunner, executor: MigrationExecutor): Promise<Pending[]> {
  const known = runner.dataSource.migrations.map((migration) => String(migration.name));
  const ran = (await executor.getExecutedMigrations()).map(({ name }) => name);
  const state = schemaStateOf(ran, known);
  if (state.kind === 'newer') demandSchema(state);
  return executor.getPendingMigrations();
}

async function mayActAs(runner: QueryRunner, role: string): Promise<boolean> {
  const [answer] = (await runner.query(`select pg_has_role(current_user, $1, 'usage') as may`, [
    role,
  ])) as { may: boolean }[];
  return answer?.may === true;
}

async function actAs(runner: QueryRunner, role: string): Promise<void> {
  await runner.query(`select set_config('role', $1, true)`, [role]);
}

async function underLock<T>(
  options: MigrateOptions,
  work: (runner: QueryRunner, executor: MigrationExecutor) => Promise<T>,
): Promise<T> {
  const source = new DataSource({
    type: 'postgres',
    url: options.url,
    applicationName: 'offswitch-migrate',
    migrations: [...(options.migrations ?? all)],
    migrationsTableName: MIGRATIONS_TABLE,
    logging: false,
    poolSize: 1,
  });
  await source.initialize();
  try {
    const runner = source.createQueryRunner();
    try {
      await runner.startTransaction('READ COMMITTED');
      // Names without a schema mean public, whatever the role's settings say; a migration may take its time.
      await runner.query(`set local search_path = public; set local statement_timeout = 0`);
      await demandServer(runner);
      // In a statement of its own: what comes after sees what the one before us committed.
      await runner.query(`select pg_advisory_xact_lock(hashtextextended('offswitch/migrate', 0))`);
      const result = await work(runner, new MigrationExecutor(source, runner));
      await runner.commitTransaction();
      return result;
    } catch (error) {
      await runner.rollbackTransaction().catch(() => undefined);
      throw asRefusal(error);
    } finally {
      await runner.release();
    }
  } finally {
    await source.destroy();
  }
}

/** insufficient_privilege is answered with what to do about it, where the SQL says so. */
function asRefusal(error: unknown): unknown {
  const cause: unknown = error instanceof QueryFailedError ? error.driverError : error;
  if (!(cause instanceof DatabaseError) || cause.code !== '42501') return error;
  const detail = cause.hint === undefined ? cause.message : `${cause.message}. ${cause.hint}`;
  return new DomainError('store.privilege_missing', detail, { cause });
}

async function demandServer(runner: QueryRunner): Promise<void> {
  const [server] = (await runner.query(
    `select current_setting('server_version_num')::int as version, current_setting('server_encoding') as encoding`,
  )) as { version: number; encoding: string }[];
  if (server === undefined || server.version < OLDEST_SERVER)
    throw new DomainError('store.unsuitable', 'PostgreSQL 15 or newer is needed');
  if (server.encoding !== 'UTF8')
    throw new DomainError(
      'store.unsuitable',
      `the database is encoded in ${server.encoding}; it must be UTF8`,
    );
}
