import { execFile, spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { embeddedDatabase } from '../../platform/embedded/embedded-database.js';
import { secretsIn, type HomeSecrets } from '../../platform/embedded/home-secrets.js';
import { startEmbedded, type Embedded } from '../../platform/embedded/start-embedded.js';
import { endChild } from './end-child.js';

/** A child ends when this process does, however that happens: its channel to us closes. */
const FOLLOW_PARENT =
  "data:text/javascript,process.once('disconnect',()=>process.kill(process.pid,'SIGTERM'))";

/** What a process says when it can be asked, with its address: it takes a free port itself, so nobody else has it. */
const LISTENING = ['listening', 'the gateway listens'];
/** With LOG_LEVEL set, the story shows what its processes say. */
const IS_SHOWN = process.env['LOG_LEVEL'] !== undefined;

type Program = ChildProcessByStdio<null, Readable, null>;

const program = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Real servers and real processes, all of them gone when the story is over. */
export class Stage {
  readonly #servers: Embedded;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #children = new Set<Program>();
  #service: Program | null = null;

  #url = '';

  private constructor(
    servers: Embedded,
    environment: Readonly<Record<string, string>>,
    readonly adminKey: string,
  ) {
    this.#servers = servers;
    this.#environment = environment;
  }

  /** PostgreSQL and Kafka, with a migrated database, in a temporary home. */
  static async set(): Promise<Stage> {
    // The supervisor removes its temporary home itself, however this process ends.
    const servers = await startEmbedded({ home: null, postgres: true, kafka: true });
    const secrets = await secretsIn(servers.home);
    const database = await embeddedDatabase(servers.databaseSuperuserUrl ?? '', secrets);
    const environment = environmentOf(secrets, {
      DATABASE_URL: database.reveal(),
      KAFKA_BROKERS: servers.kafkaBrokers ?? '',
    });
    return new Stage(servers, environment, secrets.adminKey);
  }

  /** Where the service listens: at any free port first, and there again after a restart. */
  get url(): string {
    return this.#url;
  }

  async startService(): Promise<void> {
    const port = this.#url === '' ? '0' : new URL(this.#url).port;
    this.#service = this.#spawn('main.js', [], { ...this.#environment, PORT: port });
    this.#url = await whereItListens(this.#service);
  }

  /** @returns where it listens */
  async startGateway(name: string, key: string): Promise<string> {
    const child = this.#spawn(
      'cli/offswitch.js',
      // By Kafka alone: a gateway that also listens to the service hears of a revocation although the broker is frozen.
      [
        'gateway',
        ...['--listen', '127.0.0.1:0'],
        ...['--policy', 'strict'],
        ...['--source', 'kafka'],
      ],
      {
        OFFSWITCH_URL: this.url,
        OFFSWITCH_GATEWAY_KEY: key,
        KAFKA_BROKERS: this.#environment['KAFKA_BROKERS'] ?? '',
        OFFSWITCH_HOME: join(this.#servers.home, name),
      },
    );
    const url = await whereItListens(child);
    await untilAnswers(`${url}/health/ready`, child);
    return url;
  }

  /** Resolves when it stands still: a signal that was sent has not yet arrived. */
  async freezeBroker(): Promise<void> {
    const pid = this.#brokerPid();
    process.kill(pid, 'SIGSTOP');
    while (!(await isStopped(pid))) await pause(10);
  }

  thawBroker(): void {
    process.kill(this.#brokerPid(), 'SIGCONT');
  }

  /** SIGKILL: no drain, no goodbye. */
  async killService(): Promise<void> {
    const service = this.#service;
    if (service === null) return;
    const gone = once(service, 'exit');
    service.kill('SIGKILL');
    await gone;
  }

  /** Ends everything, servers last. */
  async clear(): Promise<void> {
    this.thawBroker();
    await Promise.all([...this.#children].map(endChild));
    await this.#servers.stop();
  }

  #brokerPid(): number {
    const pid = this.#servers.pids.kafka;
    if (pid === undefined) throw new Error('the broker is not ours');
    return pid;
  }

  #spawn(
    path: string,
    argv: readonly string[],
    environment: Readonly<Record<string, string>>,
  ): Program {
    const level = process.env['LOG_LEVEL'] === 'debug' ? 'debug' : 'info';
    const child = spawn(process.execPath, ['--import', FOLLOW_PARENT, program(path), ...argv], {
      env: { PATH: process.env['PATH'] ?? '', LOG_LEVEL: level, ...environment },
      stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    }) as Program;
    this.#children.add(child);
    child.once('exit', () => this.#children.delete(child));
    return child;
  }
}

const environmentOf = (
  secrets: HomeSecrets,
  more: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> => ({
  OFFSWITCH_PEPPER: secrets.pepper,
  OFFSWITCH_ENCRYPTION_KEY: secrets.encryptionKey,
  OFFSWITCH_TOKEN_KEYS: secrets.tokenKeys,
  OFFSWITCH_RECORD_KEYS: secrets.recordKeys,
  OFFSWITCH_ADMIN_KEY: secrets.adminKey,
  OFFSWITCH_ISSUER: 'urn:offswitch:demo',
  ...more,
});

/** @throws Error when it ends instead */
function whereItListens(child: Program): Promise<string> {
  return new Promise((resolve, reject) => {
    const lines = createInterface({ input: child.stdout });
    lines.on('line', (line) => {
      if (IS_SHOWN) process.stdout.write(`${line}\n`);
      const { message, url } = JSON.parse(line) as { message: string; url?: string };
      if (url !== undefined && LISTENING.includes(message)) resolve(url);
    });
    lines.once('close', () => {
      reject(new Error('a process ended instead of listening'));
    });
  });
}

async function isStopped(pid: number): Promise<boolean> {
  const { stdout } = await promisify(execFile)('ps', ['-o', 'state=', '-p', String(pid)]);
  return stdout.trim().startsWith('T');
}

/** @throws Error when the child ends instead, or a minute has passed */
async function untilAnswers(url: string, child: ChildProcess): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    if (child.exitCode !== null) throw new Error(`a process ended instead of answering at ${url}`);
    const status = await fetch(url).then(
      (response) => response.status,
      () => 0,
    );
    if (status === 200) return;
    await pause(50);
  }
  throw new Error(`nothing answers at ${url}`);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
