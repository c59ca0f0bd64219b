import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Embedded,
  type EmbeddedOptions,
  startEmbedded,
} from '../../src/platform/embedded/start-embedded.js';
import { supervisorProgram } from './from-source.js';
import { TcpProxy } from './tcp-proxy.js';
import { asSuperuser, makeTemplate } from './template-database.js';
import { createTestDatabase, type TestDatabase } from './test-database.js';

/** A server that one test file may freeze, break and start again without hurting the others. */
export interface PrivateServer {
  /** `postgres://…` of the superuser, or `host:port` of the broker; the same after a restart. */
  readonly address: string;
  /** Stops it in mid-air: connections stay, nobody answers. */
  freeze(): void;
  thaw(): void;
  /** Ends it as a crash would: PostgreSQL with `immediate`, the broker with SIGKILL. Resolves when it is gone. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same port and files. */
  restart(): Promise<void>;
  stop(): Promise<void>;
}

export interface PrivatePostgres extends PrivateServer {
  /** A migrated database of this server. */
  createDatabase(): Promise<TestDatabase>;
  /** Keeps the files aside as they are now; the server crashes and starts again for it. */
  copy(): Promise<void>;
  /** SIGKILL to the server and every session of it. Resolves when it is gone. */
  die(): Promise<void>;
  /** Another server that follows this one; made from its files, for which this one crashes and starts again. */
  standby(): Promise<PrivateStandby>;
  /** Puts the copy in the place of the files, as a restore does: what came after it is forgotten. */
  restore(): Promise<void>;
}

export interface PrivateStandby {
  readonly address: string;
  /** Makes it a primary. */
  promote(): Promise<void>;
  /** Starts it as a standby of nobody and promotes it once more: it says nothing of what it may have missed. */
  promoteAgain(): Promise<void>;
  stop(): Promise<void>;
}

export interface PrivateKafka extends PrivateServer {
  /** The wire to the broker: `address` leads through it. */
  readonly proxy: TcpProxy;
}

/** A PostgreSQL of its own. A crash of the server loses no commit; only a crash of the machine would. */
export async function privatePostgres(
  settings: Readonly<Record<string, string>> = {},
): Promise<PrivatePostgres> {
  const server = await ServerOfOne.start('postgres', {
    postgresSettings: { fsync: 'off', ...settings },
  });
  const address = server.embedded.databaseSuperuserUrl!;
  await makeTemplate(address);
  const deeds = server.deeds(address);
  const files = join(server.embedded.home, 'postgres', 'data');
  const aside = `${files}.copy`;
  return {
    ...deeds,
    createDatabase: () => createTestDatabase(address),
    die: () => deeds.kill('SIGKILL'),
    standby: async () => {
      await deeds.kill();
      const home = await standbyFrom(join(server.embedded.home, 'postgres'));
      await deeds.restart();
      return startStandby(home, new URL(address));
    },
    copy: async () => {
      await deeds.kill();
      execFileSync('cp', ['-a', files, aside]);
      await deeds.restart();
    },
    restore: async () => {
      await deeds.kill();
      rmSync(files, { recursive: true });
      execFileSync('cp', ['-a', aside, files]);
      await deeds.restart();
    },
  };
}

/** A home with a copy of these files, which follows a server instead of being one. */
async function standbyFrom(directory: string): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'offswitch-standby-'));
  await chmod(home, 0o711);
  const here = join(home, 'postgres');
  await mkdir(here, { mode: 0o711 });
  for (const name of ['data', 'password'])
    execFileSync('cp', ['-a', join(directory, name), join(here, name)]);
  await rm(join(here, 'data', 'postmaster.pid'), { force: true });
  await writeFile(join(here, 'data', 'standby.signal'), '');
  return home;
}

async function startStandby(home: string, primary: URL): Promise<PrivateStandby> {
  const { hostname, port, username, password } = primary;
  const follows = `host=${hostname} port=${port} user=${username} password=${password}`;
  const server = await ServerOfOne.start('postgres', {
    home,
    postgresSettings: { fsync: 'off', primary_conninfo: follows },
  });
  const address = server.embedded.databaseSuperuserUrl!;
  const deeds = server.deeds(address);
  const promote = () => asSuperuser(address, ['select pg_promote()']);
  return {
    address,
    promote,
    promoteAgain: async () => {
      await deeds.kill();
      await writeFile(join(home, 'postgres', 'data', 'standby.signal'), '');
      await deeds.restart();
      await promote();
    },
    stop: async () => {
      await deeds.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** A broker of its own, reached through a proxy. */
export async function privateKafka(
  settings: Readonly<Record<string, string>> = {},
): Promise<PrivateKafka> {
  const proxy = await TcpProxy.to();
  const server = await ServerOfOne.start('kafka', {
    kafkaSettings: { 'advertised.listeners': `PLAINTEXT://${proxy.address}`, ...settings },
  });
  proxy.lead(server.embedded.kafkaBrokers!);
  const deeds = server.deeds(proxy.address);
  return {
    ...deeds,
    proxy,
    stop: async () => {
      await deeds.stop();
      await proxy.close();
    },
  };
}

type Name = 'postgres' | 'kafka';

const pauses = new Int32Array(new SharedArrayBuffer(4));

/**
 * Whether no thread of the process does anything any more (proc(5): state T). The signal only begins that.
 *
 * @throws Error when there is no such process: nobody was frozen
 */
function isStopped(pid: number): boolean {
  if (!existsSync('/proc/self/task')) return true;
  return readdirSync(`/proc/${pid}/task`).every((task) => {
    try {
      const stat = readFileSync(`/proc/${pid}/task/${task}/stat`, 'utf8');
      return stat.slice(stat.lastIndexOf(')') + 2).startsWith('T');
    } catch {
      return false; // the thread ended meanwhile
    }
  });
}

class ServerOfOne {
  readonly #options: EmbeddedOptions;
  readonly #name: Name;
  #pid: number;
  #crashed: () => void = () => undefined;
  embedded!: Embedded;

  private constructor(name: Name, options: Partial<EmbeddedOptions>) {
    this.#name = name;
    this.#pid = 0;
    this.#options = {
      home: null,
      postgres: name === 'postgres',
      kafka: name === 'kafka',
      supervisor: supervisorProgram(),
      onExit: () => {
        this.#crashed();
      },
      ...options,
    };
  }

  static async start(name: Name, options: Partial<EmbeddedOptions>): Promise<ServerOfOne> {
    const server = new ServerOfOne(name, options);
    server.embedded = await startEmbedded(server.#options);
    server.#pid = server.embedded.pids[name]!;
    return server;
  }

  deeds(address: string): PrivateServer {
    return {
      address,
      freeze: () => {
        this.#signal('SIGSTOP');
        while (!isStopped(this.#pid)) Atomics.wait(pauses, 0, 0, 1);
      },
      thaw: () => {
        this.#signal('SIGCONT');
      },
      kill: async (signal = this.#name === 'postgres' ? 'SIGQUIT' : 'SIGKILL') => {
        const crashed = new Promise<void>((resolve) => (this.#crashed = resolve));
        if (signal === 'SIGKILL') this.#signal(signal);
        else process.kill(this.#pid, signal);
        this.#signal('SIGCONT');
        await crashed;
      },
      restart: async () => {
        // Its supervisor starts what is missing for anyone who joins.
        const joined = await startEmbedded({ ...this.#options, home: this.embedded.home });
        this.#pid = joined.pids[this.#name]!;
        await joined.stop();
        const before = [this.embedded.databaseSuperuserUrl, this.embedded.kafkaBrokers];
        if (!before.includes(joined.databaseSuperuserUrl ?? joined.kafkaBrokers))
          throw new Error('Another process took the port while the server was down: run again.');
      },
      stop: async () => {
        this.#signal('SIGCONT');
        await this.embedded.stop();
      },
    };
  }

  /** To the server and its children: each session of PostgreSQL is a process. */
  #signal(signal: NodeJS.Signals): void {
    const lines = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).split('\n');
    const family = lines
      .map((line) => line.trim().split(/\s+/u).map(Number))
      .filter(([, parent]) => parent === this.#pid)
      .map(([pid]) => pid!);
    for (const pid of [this.#pid, ...family]) {
      try {
        process.kill(pid, signal);
      } catch {
        // It ended meanwhile.
      }
    }
  }
}
