import { type ChildProcess, spawn, type SpawnOptions } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { createServer } from 'node:net';
import { EmbeddedUnavailable, type Running } from './messages.js';

/** `shutdown` leaves clean files and takes its time; `cut` is for servers whose data nobody wants. */
export type Ending = 'shutdown' | 'cut';

export interface Server extends Running {
  readonly log: string;
  readonly exited: Promise<void>;
  end(how: Ending): Promise<void>;
}

export interface Launch {
  readonly command: string;
  readonly parameters: readonly string[];
  readonly options: SpawnOptions;
  /** File that receives what the server prints; the one of the run before is kept as `.before`. */
  readonly log: string;
}

const SIGNAL_PATIENCE_MS = 10_000;

export class LaunchedServer {
  readonly #child: ChildProcess;
  readonly exited: Promise<void>;
  readonly log: string;

  private constructor(child: ChildProcess, log: string) {
    this.#child = child;
    this.log = log;
    this.exited = new Promise((resolve) => {
      child.once('exit', () => {
        resolve();
      });
      child.once('error', () => {
        resolve();
      });
    });
  }

  static async launch(launch: Launch): Promise<LaunchedServer> {
    await rename(launch.log, `${launch.log}.before`).catch(() => undefined);
    const out = openSync(launch.log, 'a', 0o600);
    try {
      const child = spawn(launch.command, launch.parameters, {
        ...launch.options,
        stdio: ['ignore', out, out],
      });
      return new LaunchedServer(child, launch.log);
    } finally {
      closeSync(out);
    }
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  get isRunning(): boolean {
    return (
      this.#child.pid !== undefined &&
      this.#child.exitCode === null &&
      this.#child.signalCode === null
    );
  }

  /** Tries until the server answers. Throws `EmbeddedUnavailable` with the end of its log when it exits or is too slow. */
  async answering(probe: () => Promise<boolean>, patienceMs: number): Promise<void> {
    const deadline = Date.now() + patienceMs;
    while (this.isRunning && Date.now() < deadline) {
      if (await probe().catch(() => false)) return;
      await Promise.race([this.exited, pause(25)]);
    }
    throw new EmbeddedUnavailable(
      `It ${this.isRunning ? 'does not answer' : 'ended'}. ${await lastWords(this.log)}`,
    );
  }

  /** Ends the server and waits until it is gone, whatever it takes. */
  async end(signals: readonly NodeJS.Signals[]): Promise<void> {
    for (const signal of [...signals, 'SIGKILL' as const]) {
      if (!this.isRunning) return;
      this.#child.kill(signal);
      this.#child.kill('SIGCONT'); // a frozen server takes no signal but SIGKILL
      await Promise.race([this.exited, pause(SIGNAL_PATIENCE_MS)]);
    }
  }
}

/** A port that nobody listens on now: the one asked for if it is free. Another process may take it before we do. */
export async function freePort(wanted = 0): Promise<number> {
  const server = createServer();
  const port = await new Promise<number | null>((resolve) => {
    server.once('error', () => {
      resolve(null);
    });
    server.listen({ host: '127.0.0.1', port: wanted, exclusive: true }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : null);
    });
  });
  server.close();
  if (port !== null) return port;
  if (wanted !== 0) return freePort();
  throw new EmbeddedUnavailable('No port is free on 127.0.0.1.');
}

export async function pause(milliseconds: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
}

async function lastWords(log: string): Promise<string> {
  const text = await readFile(log, 'utf8').catch(() => '');
  return `The end of ${log}:\n${text.trimEnd().split('\n').slice(-12).join('\n')}`;
}
