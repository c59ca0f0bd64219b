import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { secretsIn, type HomeSecrets } from '../../src/platform/embedded/home-secrets.js';
import { topicPrefix } from './kafka.js';
import { startProgram } from './processes.js';

export interface ServiceProcessOptions {
  readonly databaseUrl: string;
  /** `host:port` */
  readonly brokers: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** `src/main.ts` as a process of its own, so that it can be killed; it keeps secrets, topics and port over restarts. */
export class ServiceProcess {
  /** Log lines, of all starts. */
  readonly said: Record<string, unknown>[] = [];
  #child: ChildProcess | null = null;

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
    await service.restart();
    return service;
  }

  /** Resolves when it answers. @throws Error when it ends instead, with what it said last */
  async restart(): Promise<void> {
    const child = startProgram(['src/main.ts'], {
      env: { PATH: process.env['PATH'], ...this.environment },
    });
    this.#child = child;
    const lines = createInterface(child.stdout);
    await new Promise<void>((resolve, reject) => {
      lines.on('line', (line) => {
        const said = JSON.parse(line) as Record<string, unknown>;
        this.said.push(said);
        if (said['message'] === 'listening') resolve();
      });
      child.once('exit', () => {
        reject(new Error(`the service ended: ${JSON.stringify(this.said.slice(-3))}`));
      });
    });
  }

  /** SIGKILL: no drain, no goodbye. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.home, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#child;
    this.#child = null;
    if (child?.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(signal);
    await gone;
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

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
