import { Module, type DynamicModule } from '@nestjs/common';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { AuditModule } from '../../src/audit/audit.module.js';
import { ServiceConfig } from '../../src/config/service-config.js';
import { topicsWith } from '../../src/contract/topics.js';
import { createApp } from '../../src/create-app.js';
import { Heart } from '../../src/deprovision/heart.js';
import { Deprovision, ResourceEvents } from '../../src/deprovision/index.js';
import { QueuedResourceEvents } from '../../src/deprovision/resource-events.js';
import { DirectoryModule } from '../../src/directory/directory.module.js';
import { Connections, type Interop, type Link } from '../../src/directory/index.js';
import { Clock } from '../../src/kernel/clock.js';
import { newId, type ConnectionId, type Id, type OrganizationId } from '../../src/kernel/ids.js';
import { Secret } from '../../src/kernel/secret.js';
import { Transactions, type Lane, type Tx } from '../../src/kernel/tx.js';
import { DomainError } from '../../src/kernel/domain-error.js';
import { PostgresOutbox } from '../../src/outbox/postgres-outbox.js';
import { OpaqueSecrets } from '../../src/platform/crypto/opaque-secrets.js';
import { Sealer } from '../../src/platform/crypto/sealer.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';
import { Installation } from '../../src/platform/installation/installation.js';
import { Log } from '../../src/platform/log/log.js';
import { PinoLog } from '../../src/platform/log/pino-log.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { openLanes } from '../../src/platform/postgres/lanes.js';
import { PostgresTransactions } from '../../src/platform/postgres/postgres-transactions.js';
import { JobRunner } from '../../src/scim/jobs/job-runner.js';
import { scimRoom } from '../../src/scim/scim.module.js';
import { TcpProxy } from './tcp-proxy.js';
import { RememberingPublisher, systemClock, World } from './world.js';

@Module({})
class Application {}
@Module({})
class Platform {}
@Module({ imports: [AuditModule, DirectoryModule], ...scimRoom })
class ScimRoom {}

/** Breaks transactions of the heart on purpose: `before` they have committed, or `after`, when the reply is lost. */
class Breaks {
  next: () => 'before' | 'after' | 'never' = () => 'never';
  /** Whether nothing can be read outside of the heart. */
  losesReads = false;
}

class BreakingTransactions extends Transactions {
  constructor(
    readonly inner: Transactions,
    readonly breaks: Breaks,
  ) {
    super();
  }

  override async run<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    const moment = this.breaks.next();
    if (moment === 'before') throw new DomainError('store.unavailable');
    const done = await this.inner.run(lane, work);
    if (moment === 'after') throw new DomainError('store.unavailable');
    return done;
  }

  override read<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    if (this.breaks.losesReads && lane === 'service')
      return Promise.reject(new DomainError('store.unavailable'));
    return this.inner.read(lane, work);
  }
}

export interface ScimClient {
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  readonly secret: string;
}

export interface ScimAnswer {
  readonly status: number;
  readonly headers: Headers;
  /* eslint-disable-next-line @typescript-eslint/no-explicit-any -- a test knows what it asked for */
  readonly body: any;
  readonly text: string;
}

export interface ScimSend {
  /** A text goes as it is. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const asking = { actor: { type: 'admin_key', id: newId() }, requestId: newId() } as const;

/** The SCIM room over HTTP, with the heart, on a database of its own behind a wire that can be cut. */
export class ScimServer {
  readonly lines: string[] = [];
  readonly breaks = new Breaks();
  #url = '';

  private constructor(
    readonly world: World,
    readonly wire: TcpProxy,
    readonly lanes: Awaited<ReturnType<typeof openLanes>>,
    readonly publisher: RememberingPublisher,
  ) {}

  #app!: NestFastifyApplication;

  static async open(): Promise<ScimServer> {
    const world = await World.open();
    const wire = await TcpProxy.to(world.database.serviceUrl);
    const lanes = await openLanes(new Secret(wire.instead(world.database.serviceUrl)));
    const server = new ScimServer(world, wire, lanes, new RememberingPublisher());
    await server.#listen();
    return server;
  }

  async close(): Promise<void> {
    await this.#app.close();
    await Promise.all(Object.values(this.lanes).map((lane) => lane.destroy()));
    await this.wire.close();
    await this.world.close();
  }

  async client(
    more: { organization?: OrganizationId; link?: Link; interop?: Interop } = {},
  ): Promise<ScimClient> {
    const organization = more.organization ?? (await this.world.organization());
    const { connection, secret } = await this.#app.get(Connections, { strict: false }).create(
      {
        organization,
        kind: 'scim',
        name: 'an IdP',
        link: more.link ?? 'user-name',
        identitiesFrom: null,
        publicKey: null,
        interop: more.interop ?? 'tolerant',
      },
      asking,
    );
    return { organization, connection: connection.id, secret: secret?.reveal() ?? '' };
  }

  /** @param path below the SCIM root */
  async send(
    client: Pick<ScimClient, 'secret'> | null,
    method: string,
    path: string,
    { body, headers = {} }: ScimSend = {},
  ): Promise<ScimAnswer> {
    const response = await fetch(`${this.#url}/scim/v2${path}`, {
      method,
      headers: {
        ...(client !== null && { authorization: `Bearer ${client.secret}` }),
        ...(body !== undefined && { 'content-type': 'application/scim+json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    return {
      status: response.status,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
      text,
    };
  }

  /** Carries out what was put off; nothing else does here. */
  get jobs(): JobRunner {
    return this.#app.get(JobRunner, { strict: false });
  }

  get root(): string {
    return `${this.#url}/scim/v2`;
  }

  async #listen(): Promise<void> {
    const log = new PinoLog({
      level: 'info',
      pretty: false,
      sink: { write: (line) => this.lines.push(line) },
    });
    const transactions = new PostgresTransactions(this.lanes);
    const heart = new Heart({
      atOnce: 8,
      transactions: new BreakingTransactions(transactions, this.breaks),
      publisher: this.publisher,
      press: { hash: sha256, partitions: 3, epoch: 1 },
      clock: systemClock,
      setFailed: () => undefined,
    });
    const installation = new Installation(newId<Id<'installation'>>(), 'urn:offswitch:test', 1, 3);
    const config = new ServiceConfig({
      kafka: { brokers: [], tls: false, sasl: null },
      topics: topicsWith(''),
      audience: 'offswitch',
      stalenessMs: 10_000,
      outboxDays: 8,
      adminKey: new Secret('not needed here'),
      gatewayKey: null,
      publicUrl: null,
    });
    const providers = [
      {
        provide: Transactions,
        useValue: new BreakingTransactions(transactions, this.breaks),
      },
      { provide: Clock, useValue: systemClock },
      { provide: Log, useValue: log },
      { provide: Metrics, useValue: new Metrics() },
      { provide: Deprovision, useValue: heart },
      { provide: ResourceEvents, useValue: new QueuedResourceEvents(new PostgresOutbox()) },
      { provide: Installation, useValue: installation },
      { provide: ServiceConfig, useValue: config },
      { provide: OpaqueSecrets, useValue: new OpaqueSecrets(new Uint8Array(32).fill(1)) },
      { provide: Sealer, useValue: new Sealer(new Uint8Array(32).fill(2)) },
    ];
    const platform: DynamicModule = {
      module: Platform,
      global: true,
      providers,
      exports: providers.map(({ provide }) => provide),
    };
    this.#app = await createApp({ module: Application, imports: [platform, ScimRoom] }, { log });
    await this.#app.listen(0, '127.0.0.1');
    this.#url = await this.#app.getUrl();
  }
}
