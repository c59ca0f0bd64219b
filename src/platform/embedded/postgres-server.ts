import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { EmbeddedUnavailable, type Settings } from './messages.js';
import { endOrphan } from './orphans.js';
import { postgresPrograms, postgresRunner, runAs, type Runner } from './postgres-programs.js';
import { freePort, LaunchedServer, type Server } from './server.js';

const SUPERUSER = 'postgres';
const START_PATIENCE_MS = 60_000;
const PORT_TRIES = 5;

// SIGINT is a fast shutdown: sessions end, a checkpoint is written. SIGQUIT is `immediate`: recovery on next start.
const ENDING = { shutdown: ['SIGINT', 'SIGQUIT'], cut: ['SIGQUIT'] } as const;

const SETTINGS: Settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '300',
  timezone: 'UTC',
  log_timezone: 'UTC',
};

/**
 * Starts the PostgreSQL whose files lie in `directory`, making them first if they are not there. Keeps its port of
 * the last run when that is free. An orphan of a killed supervisor is shut down first.
 */
export async function startPostgres(directory: string, settings: Settings): Promise<Server> {
  const programs = await postgresPrograms();
  const runner = postgresRunner();
  // Others may walk through, for the account that runs the server, and read nothing: the files have their own modes.
  await mkdir(directory, { recursive: true, mode: 0o711 });
  const files = join(directory, 'data');
  const password = await keptPassword(directory);
  if (!(await exists(files))) {
    const isSafe = settings['fsync'] !== 'off';
    await makeCluster({ directory, files, programs, runner, password, isSafe });
  } else {
    await endLeftover(files);
  }
  for (let tries = 1; ; tries += 1) {
    const port = await freePort(await keptPort(directory));
    const flags = Object.entries({ ...SETTINGS, ...settings, port: String(port) }).flatMap(
      ([name, value]) => ['-c', `${name}=${value}`],
    );
    const server = await LaunchedServer.launch({
      ...(await runAs(runner, programs.postgres, ['-D', files, ...flags], files)),
      log: join(directory, 'postgres.log'),
    });
    const address = `postgres://${SUPERUSER}:${password}@127.0.0.1:${String(port)}/postgres`;
    try {
      await server.answering(() => answers(address), START_PATIENCE_MS);
    } catch (error) {
      await server.end(ENDING.cut);
      const isPortTaken = String(error).includes('could not bind');
      if (isPortTaken && tries < PORT_TRIES) continue;
      throw new EmbeddedUnavailable(`The embedded PostgreSQL did not start. ${String(error)}`);
    }
    await writeFile(join(directory, 'port'), String(port));
    return {
      pid: server.pid,
      address,
      log: server.log,
      exited: server.exited,
      end: (how) => server.end(ENDING[how]),
    };
  }
}

interface NewCluster {
  readonly directory: string;
  readonly files: string;
  readonly programs: { readonly initdb: string };
  readonly runner: Runner;
  readonly password: string;
  readonly isSafe: boolean;
}

async function makeCluster(cluster: NewCluster): Promise<void> {
  // Made beside its place and then renamed: a start that dies half-way leaves nothing that looks like a cluster.
  const half = `${cluster.files}.new`;
  const secret = join(cluster.directory, 'password.new');
  await rm(half, { recursive: true, force: true });
  await mkdir(half, { mode: 0o700 });
  await writeFile(secret, `${cluster.password}\n`, { mode: 0o600 });
  if (cluster.runner.ids !== null) {
    const { uid, gid } = cluster.runner.ids;
    await Promise.all([chown(half, uid, gid), chown(secret, uid, gid)]);
  }
  // The built-in locale sorts and lowers alike on every machine.
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = ['--auth=scram-sha-256', `--username=${SUPERUSER}`, `--pwfile=${secret}`];
  const parameters = [`--pgdata=${half}`, '--encoding=UTF8', ...locale, ...access];
  if (!cluster.isSafe) parameters.push('--no-sync');
  try {
    const run = await runAs(cluster.runner, cluster.programs.initdb, parameters, half);
    await finished(spawn(run.command, run.parameters, { ...run.options, stdio: 'pipe' }));
  } finally {
    await rm(secret, { force: true });
  }
  await rename(half, cluster.files);
}

async function finished(child: ReturnType<typeof spawn>): Promise<void> {
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new EmbeddedUnavailable(`initdb failed:\n${output.trim()}`));
    });
  });
}

/** The server that a killed supervisor left behind, by the lock file of PostgreSQL itself. */
async function endLeftover(files: string): Promise<void> {
  const lock = await readFile(join(files, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(lock.split('\n')[0]);
  if (pid > 0) await endOrphan(pid, [files], ENDING.shutdown);
}

async function keptPassword(directory: string): Promise<string> {
  const file = join(directory, 'password');
  const kept = (await readFile(file, 'utf8').catch(() => '')).trim();
  if (kept !== '') return kept;
  const fresh = randomBytes(24).toString('base64url');
  await writeFile(file, `${fresh}\n`, { mode: 0o600 });
  return fresh;
}

async function keptPort(directory: string): Promise<number> {
  return Number(await readFile(join(directory, 'port'), 'utf8').catch(() => '0'));
}

async function answers(address: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: address, connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    return true;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
