import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { embeddedDatabase } from '../../platform/embedded/embedded-database.js';
import { secretsIn, type HomeSecrets } from '../../platform/embedded/home-secrets.js';
import { startEmbedded, type Embedded } from '../../platform/embedded/start-embedded.js';

/** A child ends when this process does, however that happens: its channel to us closes. */
const FOLLOW_PARENT =
  "data:text/javascript,process.once('disconnect',()=>process.kill(process.pid,'SIGTERM'))";

const program = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** Real servers and real processes, all of them gone when the story is over. */
export class Stage {
  readonly #servers: Embedded;
  readonly #environment: Readonly<Record<string, string>>;
  readonly #children = new Set<ChildProcess>();
  #service: ChildProcess | null = null;

  readonly url: string;
  readonly adminKey: string;

  private constructor(
    servers: Embedded,
    environment: Readonly<Record<string, string>>,
    at: { readonly url: string; readonly adminKey: string },
  ) {
    this.#servers = servers;
    this.#environment = environment;
    this.url = at.url;
    this.adminKey = at.adminKey;
  }

  /** PostgreSQL and Kafka, with a migrated database, in a temporary home. */
  static async set(): Promise<Stage> {
    // The supervisor removes its temporary home itself, however this process ends.
    const servers = await startEmbedded({ home: null, postgres: true, kafka: true });
    const secrets = await secretsIn(servers.home);
    const database = await embeddedDatabase(servers.databaseSuperuserUrl ?? '', secrets);
    const port = await freePort();
    const environment = environmentOf(secrets, {
      DATABASE_URL: database.reveal(),
      KAFKA_BROKERS: servers.kafkaBrokers ?? '',
      PORT: String(port),
    });
    return new Stage(servers, environment, {
      url: `http://127.0.0.1:${port}`,
      adminKey: secrets.adminKey,
    });
  }

  async startService(): Promise<void> {
    this.#service = this.#spawn('main.js', [], {
      ...this.#environment,
      LOG_LEVEL: process.env['LOG_LEVEL'] ?? 'warn',
    });
    await untilAnswers(`${this.url}/health/live`, this.#service);
  }

  /** @returns where it listens */
  async startGateway(name: string, key: string): Promise<string> {
    const port = await freePort();
    const child = this.#spawn(
      'cli/offswitch.js',
      ['gateway', '--listen', `127.0.0.1:${port}`, '--policy', 'strict'],
      {
        OFFSWITCH_URL: this.url,
        OFFSWITCH_GATEWAY_KEY: key,
        KAFKA_BROKERS: this.#environment['KAFKA_BROKERS'] ?? '',
        OFFSWITCH_HOME: join(this.#servers.home, name),
        LOG_LEVEL: 'warn',
      },
    );
    const url = `http://127.0.0.1:${port}`;
    await untilAnswers(`${url}/health/ready`, child);
    return url;
  }

  freezeBroker(): void {
    process.kill(this.#brokerPid(), 'SIGSTOP');
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
    await Promise.all([...this.#children].map(end));
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
  ): ChildProcess {
    const child = spawn(process.execPath, ['--import', FOLLOW_PARENT, program(path), ...argv], {
      env: { PATH: process.env['PATH'] ?? '', ...environment },
      stdio: [
        'ignore',
        process.env['LOG_LEVEL'] === undefined ? 'ignore' : 'inherit',
        'inherit',
        'ipc',
      ],
    });
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

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const late = setTimeout(() => child.kill('SIGKILL'), 15_000);
  await gone;
  clearTimeout(late);
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
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
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`nothing answers at ${url}`);
}
