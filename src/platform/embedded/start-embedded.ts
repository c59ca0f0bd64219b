import { spawn } from 'node:child_process';
import { chmod, mkdir, mkdtemp, open, readFile, realpath, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { readLock } from './home-lock.js';
import { readLines } from './lines.js';
import {
  type Assignment,
  EmbeddedUnavailable,
  type FromSupervisor,
  type Needs,
  type ServerName,
  type Settings,
} from './messages.js';
import { pause } from './server.js';

export { EmbeddedUnavailable } from './messages.js';

export interface EmbeddedOptions {
  /** Where files stay between runs. Null: a temporary directory that goes when the servers go. */
  readonly home: string | null;
  readonly postgres: boolean;
  readonly kafka: boolean;
  /** PostgreSQL settings by name, e.g. `{ fsync: 'off' }` for tests. */
  readonly postgresSettings?: Settings;
  /** Broker properties by name. */
  readonly kafkaSettings?: Settings;
  /** A server ended though nobody asked it to; `log` is the file that may tell why. */
  readonly onExit?: (server: ServerName, log: string) => void;
  /** What Node is to run as the supervisor: its arguments, then the file. By default the one beside us, with our arguments. */
  readonly supervisor?: readonly string[];
}

export interface Embedded {
  /** Absolute path. */
  readonly home: string;
  /** `postgres://…` of the superuser, database `postgres`. Null if it was not asked for. */
  readonly databaseSuperuserUrl: string | null;
  /** `127.0.0.1:port`. Null if it was not asked for. */
  readonly kafkaBrokers: string | null;
  /** The servers' own process ids. */
  readonly pids: Readonly<Partial<Record<ServerName, number>>>;
  /** Lets go of the servers. They end, and this resolves after they did, unless another process holds them too. */
  stop(): Promise<void>;
}

const OTHER_PATIENCE_MS = 60_000;

/**
 * Gives this process embedded servers until `stop()` or its death, whatever kind: it starts a supervisor that owns
 * them, or joins the one that already runs in the home.
 * Throws `EmbeddedUnavailable` when a server cannot start; the message says what to do.
 */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const temporary = options.home === null;
  const home = await madeHome(options.home);
  try {
    return await joinOrLaunch({ home, temporary }, options);
  } catch (error) {
    if (temporary) await rm(home, { recursive: true, force: true });
    throw error;
  }
}

async function joinOrLaunch(assignment: Assignment, options: EmbeddedOptions): Promise<Embedded> {
  const { home } = assignment;
  const deadline = Date.now() + OTHER_PATIENCE_MS;
  while (Date.now() < deadline) {
    const joined = (await joinRunning(home, options)) ?? (await launch(assignment, options));
    if (joined !== null) return joined;
    await pause(50); // the supervisor of before is on its way out, or another start was faster
  }
  throw new EmbeddedUnavailable(
    `Another process keeps ${home} (supervisor.json there names it) and does not answer. End it, or set OFFSWITCH_HOME.`,
  );
}

/** Null when nobody is there, or when its last holder just left. */
async function joinRunning(home: string, options: EmbeddedOptions): Promise<Embedded | null> {
  const lock = await readLock(home);
  if (lock === null) return null;
  const socket = await connected(lock.port);
  if (socket === null) return null;
  const line: Line = { from: socket, to: socket, token: lock.token };
  const held = await hold(line, home, options);
  return typeof held === 'string' ? null : held;
}

async function launch(assignment: Assignment, options: EmbeddedOptions): Promise<Embedded | null> {
  const supervisor = options.supervisor ?? supervisorBeside();
  const log = await open(join(assignment.home, 'supervisor.log'), 'w', 0o600);
  // Its own session: what the terminal sends to our process group ends us, and the servers only after us.
  const child = spawn(process.execPath, [...supervisor, JSON.stringify(assignment)], {
    detached: true,
    stdio: ['pipe', 'pipe', log.fd],
  });
  await log.close();
  const ended = new Promise<number | null>((resolve) => {
    child.once('exit', resolve);
    child.once('error', () => {
      resolve(null);
    });
  });
  const { stdin, stdout } = child as unknown as { stdin: Writable; stdout: Readable };
  const held = await hold({ from: stdout, to: stdin, token: null }, assignment.home, options);
  if (held === 'ended') {
    await ended;
    const why = await readFile(join(assignment.home, 'supervisor.log'), 'utf8').catch(() => '');
    throw new EmbeddedUnavailable(`The supervisor of the embedded servers ended. ${why.trim()}`);
  }
  child.unref();
  return held === 'occupied' ? null : held;
}

function supervisorBeside(): readonly string[] {
  const isSource = import.meta.url.endsWith('.ts');
  const file = new URL(`./supervisor.${isSource ? 'ts' : 'js'}`, import.meta.url);
  const ours = process.execArgv.filter((argument) => !argument.startsWith('--inspect'));
  return [...ours, fileURLToPath(file)];
}

interface Line {
  readonly from: Readable;
  readonly to: Writable;
  readonly token: string | null;
}

/** Says what we need and waits for the answer: the servers, or that this supervisor is not, or no longer, one. */
async function hold(
  line: Line,
  home: string,
  options: EmbeddedOptions,
): Promise<Embedded | 'occupied' | 'ended'> {
  const needs: Needs = {
    postgres: options.postgres ? (options.postgresSettings ?? {}) : undefined,
    kafka: options.kafka ? (options.kafkaSettings ?? {}) : undefined,
  };
  let isLeaving = false;
  let over = (): void => undefined;
  const ended = new Promise<null>(
    (resolve) =>
      (over = () => {
        resolve(null);
      }),
  );
  const answer = new Promise<FromSupervisor>((resolve) => {
    readLines(
      line.from,
      (message) => {
        const word = message as FromSupervisor;
        if (word.say === 'left') over();
        else if (word.say === 'exited' && !isLeaving) options.onExit?.(word.server, word.log);
        else resolve(word);
      },
      over,
    );
  });
  line.to.on('error', () => undefined); // it left: `ended` follows
  line.to.write(`${JSON.stringify({ say: 'hold', token: line.token, needs })}\n`);
  const word = await Promise.race([answer, ended]);
  const stop = async (): Promise<void> => {
    isLeaving = true;
    keepAwake(line, true);
    line.to.end();
    await ended;
    line.from.destroy();
  };
  if (word?.say === 'failed') {
    await stop();
    throw new EmbeddedUnavailable(word.message);
  }
  if (word?.say !== 'ready') {
    line.to.destroy();
    line.from.destroy();
    return word?.say === 'occupied' ? 'occupied' : 'ended';
  }
  keepAwake(line, false);
  void ended.then(() => {
    if (isLeaving) return;
    // Somebody ended the supervisor, and the servers with it.
    for (const server of Object.keys(word.servers))
      options.onExit?.(server as ServerName, join(home, 'supervisor.log'));
  });
  const { postgres, kafka } = word.servers;
  return {
    home,
    databaseSuperuserUrl: postgres?.address ?? null,
    kafkaBrokers: kafka?.address ?? null,
    pids: Object.fromEntries(Object.entries(word.servers).map(([name, { pid }]) => [name, pid])),
    stop,
  };
}

/** Holding servers is no reason for a process to live on; waiting for their end is. */
function keepAwake(line: Line, isAwake: boolean): void {
  for (const stream of [line.from, line.to] as unknown as readonly Socket[]) {
    if (isAwake) stream.ref();
    else stream.unref();
  }
}

async function connected(port: number): Promise<Socket | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true });
    socket.once('connect', () => {
      resolve(socket);
    });
    socket.once('error', () => {
      resolve(null);
    });
  });
}

/** Others may walk through, for the account that runs PostgreSQL, and read nothing. */
const WALK_THROUGH = 0o711;

async function madeHome(home: string | null): Promise<string> {
  if (home === null) {
    const fresh = await mkdtemp(join(tmpdir(), 'offswitch-'));
    await chmod(fresh, WALK_THROUGH);
    return realpath(fresh);
  }
  await mkdir(resolve(home), { recursive: true, mode: WALK_THROUGH });
  return realpath(home);
}
