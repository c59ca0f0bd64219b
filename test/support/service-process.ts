import type { ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { secretsIn, type HomeSecrets } from '../../src/platform/embedded/home-secrets.js';
import { freePort } from '../../src/platform/embedded/server.js';
import { topicPrefix } from './kafka.js';
import { startProgram } from './processes.js';

export interface ServiceProcessOptions {
  readonly databaseUrl: string;
  /** `host:port` */
  readonly brokers: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A program that writes one JSON object a line, and is heard. */
export class LoggingProcess {
  readonly #child: ChildProcessByStdio<Writable, Readable, null>;
  readonly #heard = new Set<() => void>();

  /** @param said where its lines are added */
  constructor(
    child: ChildProcessByStdio<Writable, Readable, null>,
    readonly said: Record<string, unknown>[] = [],
  ) {
    this.#child = child;
    createInterface(child.stdout).on('line', (line) => {
      this.said.push(JSON.parse(line) as Record<string, unknown>);
      for (const tell of this.#heard) tell();
    });
    child.once('exit', () => {
      for (const tell of this.#heard) tell();
    });
  }

  /** The line with this message, now or later. @throws Error when the process ends instead, with what it said last */
  says(message: string): Promise<Record<string, unknown>> {
    const from = this.said.length;
    return new Promise((resolve, reject) => {
      const look = (): void => {
        const line = this.said.slice(from).find((one) => one['message'] === message);
        if (line === undefined && !this.#isOver) return;
        this.#heard.delete(look);
        if (line !== undefined) resolve(line);
        else reject(new Error(`the process ended: ${JSON.stringify(this.said.slice(-3))}`));
      };
      this.#heard.add(look);
    });
  }

  /** SIGKILL: no drain, no goodbye. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  /** SIGSTOP: its connections stay, and it does nothing until it is thawed. */
  freeze(): void {
    this.#child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#child.kill('SIGCONT');
  }

  get #isOver(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.#isOver) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill(signal);
    await gone;
  }
}

/** `src/main.ts` as a process of its own, so that it can be killed; it keeps secrets, topics and port over restarts. */
export class ServiceProcess {
  /** Log lines, of all starts. */
  readonly said: Record<string, unknown>[] = [];
  #process: LoggingProcess | null = null;

  private constructor(
    readonly url: string,
    readonly adminKey: string,
    readonly home: string,
    readonly environment: Readonly<Record<string, string>>,
  ) {}

  static async start(options: ServiceProcessOptions): Promise<ServiceProcess> {
    const home = await mkdtemp(join(tmpdir(), 'offswitch-service-'));
    const [secrets, port] = await Promise.all([secretsIn(home), freePort()]);
    const service = new ServiceProcess(`http://127.0.0.1:${port}`, secrets.adminKey, home, {
      ...environmentOf(secrets, options),
      PORT: String(port),
      OFFSWITCH_HOME: home,
    });
    try {
      await service.restart();
    } catch (error) {
      await service.stop();
      throw error;
    }
    return service;
  }

  /** Resolves when it answers. @throws Error when it ends instead, with what it said last */
  async restart(): Promise<void> {
    const env = { PATH: process.env['PATH'], ...this.environment };
    this.#process = new LoggingProcess(startProgram(['src/main.ts'], { env }), this.said);
    await this.#process.says('listening');
  }

  /** SIGKILL: no drain, no goodbye. */
  async kill(): Promise<void> {
    await this.#process?.kill();
  }

  async stop(): Promise<void> {
    await this.#process?.stop();
    await rm(this.home, { recursive: true, force: true });
  }
}

const environmentOf = (
  secrets: HomeSecrets,
  { databaseUrl, brokers, environment }: ServiceProcessOptions,
): Readonly<Record<string, string>> => ({
  DATABASE_URL: databaseUrl,
  KAFKA_BROKERS: brokers,
  OFFSWITCH_PEPPER: secrets.pepper,
  OFFSWITCH_ENCRYPTION_KEY: secrets.encryptionKey,
  OFFSWITCH_TOKEN_KEYS: secrets.tokenKeys,
  OFFSWITCH_RECORD_KEYS: secrets.recordKeys,
  OFFSWITCH_ADMIN_KEY: secrets.adminKey,
  OFFSWITCH_ISSUER: 'urn:offswitch:test',
  OFFSWITCH_TOPIC_PREFIX: topicPrefix(),
  ...environment,
});
