import type { ChildProcess } from 'node:child_process';
import { embeddedDatabase } from '../../src/platform/embedded/embedded-database.js';
import { secretsIn, type HomeSecrets } from '../../src/platform/embedded/home-secrets.js';
import { freePort } from '../../src/platform/embedded/server.js';
import type { Settings } from '../../src/platform/embedded/messages.js';
import { startEmbedded, type Embedded } from '../../src/platform/embedded/start-embedded.js';
import { supervisorProgram } from '../../test/support/from-source.js';
import { KeptConnections } from './http.js';
import { message, Processes } from './processes.js';

export const ISSUER = 'urn:offswitch:bench';

/** PostgreSQL, Kafka and the built service, each a process of its own, in a temporary home. */
export class Installation {
  readonly processes = new Processes();
  readonly http = new KeptConnections();
  #servicePid = 0;

  private constructor(
    readonly servers: Embedded,
    readonly secrets: HomeSecrets,
    /** The superuser's, of the service's database. */
    readonly databaseUrl: string,
    readonly url: string,
    readonly brokers: string,
  ) {}

  static async start(postgresSettings: Settings = {}): Promise<Installation> {
    // Durable, as it is operated: no setting of the servers is loosened. The supervisor removes the home itself.
    const servers = await startEmbedded({
      home: null,
      postgres: true,
      kafka: true,
      supervisor: supervisorProgram(),
      postgresSettings,
    });
    try {
      const secrets = await secretsIn(servers.home);
      const database = await embeddedDatabase(servers.databaseSuperuserUrl ?? '', secrets);
      const owner = new URL(servers.databaseSuperuserUrl ?? '');
      owner.pathname = new URL(database.reveal()).pathname;
      const port = await freePort();
      const made = new Installation(
        servers,
        secrets,
        owner.href,
        `http://127.0.0.1:${port}`,
        servers.kafkaBrokers ?? '',
      );
      await made.#startService(database.reveal(), port);
      return made;
    } catch (error) {
      await servers.stop();
      throw error;
    }
  }

  get servicePid(): number {
    return this.#servicePid;
  }

  get admin(): Readonly<Record<string, string>> {
    return { authorization: `Bearer ${this.secrets.adminKey}` };
  }

  /** A gateway that says when it denies; ready when this resolves. */
  async startGateway(name: string): Promise<ChildProcess> {
    const { key } = await this.http.json(`${this.url}/v1/gateways`, this.admin, { name });
    const child = this.processes.start(
      'bench/programs/gateway.ts',
      {
        OFFSWITCH_URL: this.url,
        OFFSWITCH_GATEWAY_KEY: key ?? '',
        KAFKA_BROKERS: this.brokers,
        NAME: name,
      },
      profiled(),
    );
    await message(child, 'ready');
    return child;
  }

  async stop(): Promise<void> {
    this.http.close();
    await this.processes.end();
    await this.servers.stop();
  }

  async #startService(database: string, port: number): Promise<void> {
    const { secrets } = this;
    const child = this.processes.start(
      'dist/src/main.js',
      {
        DATABASE_URL: database,
        KAFKA_BROKERS: this.brokers,
        PORT: String(port),
        LOG_LEVEL: 'warn',
        OFFSWITCH_HOME: this.servers.home,
        OFFSWITCH_PEPPER: secrets.pepper,
        OFFSWITCH_ENCRYPTION_KEY: secrets.encryptionKey,
        OFFSWITCH_TOKEN_KEYS: secrets.tokenKeys,
        OFFSWITCH_RECORD_KEYS: secrets.recordKeys,
        OFFSWITCH_ADMIN_KEY: secrets.adminKey,
        OFFSWITCH_ISSUER: ISSUER,
        // As fast as it goes: nobody is put off.
        OFFSWITCH_SCIM_RATE: '10000',
      },
      profiled(),
    );
    this.#servicePid = child.pid ?? 0;
    for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
      if (child.exitCode !== null) throw new Error('the service ended instead of answering');
      const { status } = await this.http
        .send(`${this.url}/health/ready`, {})
        .catch(() => ({ status: 0 }));
      if (status === 200) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('the service does not answer');
  }
}

/** `BENCH_PROFILE_DIR`: a CPU profile of each process that is ours. */
function profiled(): readonly string[] {
  const directory = process.env['BENCH_PROFILE_DIR'];
  return directory === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${directory}`];
}
