/**
 * The process that owns the embedded servers. It lives in a session of its own, so neither Ctrl-C nor a closing
 * terminal reaches it or them, and it ends them when nobody holds them any more.
 *
 * Whoever needs the servers *holds* them: the process that started us by the other end of our standard input, those
 * that found us running by a connection. The kernel closes both when a process dies, also by SIGKILL. When the last
 * one is gone we stop for good: first nobody can join, then the servers end, then the lock goes. A start that comes in
 * between finds the lock but no answer, waits for the lock to go, and starts its own; the one that we answered "ready"
 * is a holder, and keeps the servers. So there is no moment in which a holder loses its servers to another's death.
 *
 * If we are killed ourselves the servers live on; the next start in the home ends them first (orphans.ts).
 */
import { randomBytes, timingSafeEqual } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { createServer, type Server as Listener, type Socket } from 'node:net';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { releaseLock, takeLock } from './home-lock.js';
import { startKafka } from './kafka-server.js';
import { readLines } from './lines.js';
import type {
  Assignment,
  Hold,
  FromSupervisor,
  Needs,
  Running,
  ServerName,
  Settings,
} from './messages.js';
import { startPostgres } from './postgres-server.js';
import type { Server } from './server.js';

type Holder = (message: FromSupervisor) => void;

const START: Record<ServerName, (directory: string, settings: Settings) => Promise<Server>> = {
  postgres: startPostgres,
  kafka: startKafka,
};

class Supervisor {
  readonly #assignment: Assignment;
  readonly #token = randomBytes(24).toString('base64url');
  readonly #holders = new Set<Holder>();
  readonly #servers = new Map<ServerName, Promise<Server>>();
  readonly #listener: Listener;
  #stopped: Promise<void> | null = null;

  constructor(assignment: Assignment) {
    this.#assignment = assignment;
    this.#listener = createServer({ allowHalfOpen: true }, (socket: Socket) => {
      this.#serve(socket, socket, this.#token);
    });
  }

  async run(): Promise<void> {
    const port = await new Promise<number>((resolve) => {
      this.#listener.listen(0, '127.0.0.1', () => {
        const address = this.#listener.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const lock = { pid: process.pid, port, token: this.#token };
    if (!(await takeLock(this.#assignment.home, lock))) {
      process.stdout.write(line({ say: 'occupied' }), () => process.exit(0));
      return;
    }
    this.#serve(process.stdin, process.stdout, null);
  }

  /** Whoever asks: nobody can join any more, then the servers end together, then the home is free. */
  async stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    await this.#stopped;
  }

  #isStopping(): boolean {
    return this.#stopped !== null;
  }

  async #stop(): Promise<void> {
    this.#listener.close();
    const how = this.#assignment.temporary ? 'cut' : 'shutdown';
    await Promise.all(
      [...this.#servers.values()].map(async (starting) => {
        const server = await starting.catch(() => null);
        await server?.end(how);
      }),
    );
    if (this.#assignment.temporary) {
      await rm(this.#assignment.home, { recursive: true, force: true, maxRetries: 5 });
    } else {
      await releaseLock(this.#assignment.home);
    }
  }

  #serve(from: Readable, to: Writable, token: string | null): void {
    const holder: Holder = (message) => {
      if (to.writable) to.write(line(message));
    };
    const left = (): void => {
      // Before its first word it held nothing, unless it is the one that started us.
      if (this.#holders.delete(holder) || token === null) void this.#leave(holder, to);
    };
    to.on('error', () => undefined); // it died while we spoke: `left` follows
    readLines(
      from,
      (message) => {
        const word = message as Hold | undefined;
        if (word?.say === 'hold' && isSame(token, word.token)) void this.#hold(holder, word.needs);
        else from.destroy();
      },
      left,
    );
  }

  async #hold(holder: Holder, needs: Needs): Promise<void> {
    // From this line on it is counted: the servers stay, whoever else leaves.
    if (this.#isStopping()) return;
    this.#holders.add(holder);
    try {
      const servers: Partial<Record<ServerName, Running>> = {};
      await Promise.all(
        Object.entries(needs).map(async ([name, settings]: [string, Settings | undefined]) => {
          if (settings === undefined) return;
          const { pid, address } = await this.#started(name as ServerName, settings);
          servers[name as ServerName] = { pid, address };
        }),
      );
      if (!this.#isStopping()) holder({ say: 'ready', servers });
    } catch (error) {
      holder({ say: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  }

  async #started(name: ServerName, settings: Settings): Promise<Server> {
    const known = this.#servers.get(name);
    if (known !== undefined) return known;
    const starting = START[name](join(this.#assignment.home, name), settings);
    this.#servers.set(name, starting);
    try {
      const server = await starting;
      void server.exited.then(() => {
        this.#servers.delete(name);
        if (this.#isStopping()) return;
        for (const holder of this.#holders)
          holder({ say: 'exited', server: name, log: server.log });
      });
      return server;
    } catch (error) {
      this.#servers.delete(name);
      throw error;
    }
  }

  async #leave(holder: Holder, to: Writable): Promise<void> {
    if (this.#holders.size > 0) {
      holder({ say: 'left' });
      if (to !== process.stdout) to.end();
      return;
    }
    await this.stop();
    holder({ say: 'left' });
    process.exit(0);
  }
}

function line(message: FromSupervisor): string {
  return `${JSON.stringify(message)}\n`;
}

function isSame(expected: string | null, given: string | null): boolean {
  if (expected === null || given === null) return expected === given;
  const [a, b] = [Buffer.from(expected), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}

const assignment = JSON.parse(process.argv[2] ?? '') as Assignment;
await mkdir(assignment.home, { recursive: true, mode: 0o711 });
const supervisor = new Supervisor(assignment);
process.on('SIGHUP', () => undefined);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    void supervisor.stop().then(() => process.exit(0));
  });
}
process.on('uncaughtException', (error) => {
  process.stderr.write(`${error.stack ?? error.message}\n`);
  void supervisor.stop().finally(() => process.exit(1));
});
await supervisor.run();
