import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuditLog, Refusals } from '../audit/index.js';
import { Clock } from '../kernel/clock.js';
import { Transactions } from '../kernel/tx.js';
import { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { Sealer } from '../platform/crypto/sealer.js';
import { Installation } from '../platform/installation/installation.js';
import { Log } from '../platform/log/log.js';
import { Loops } from '../platform/loop/loops.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { built } from '../platform/module/built.js';
import { ConnectionDoors } from './connection-doors.js';
import { ConnectionHealths } from './connection-healths.js';
import { ConnectionSecrets } from './connection-secrets.js';
import { ConnectionTokens } from './connection-tokens.js';
import { ConnectionTraffic } from './connection-traffic.js';
import { Connections } from './connections.js';
import { Devices } from './devices.js';
import { EndingSecretsWatch } from './ending-secrets-watch.js';
import { Groups } from './groups.js';
import { FailedAttempts } from './failed-attempts.js';
import { IssuerSubjects } from './issuer-subjects.js';
import { Organizations } from './organizations.js';
import { People } from './people.js';
import { PostgresGroups } from './postgres/postgres-groups.js';
import { PostgresResources } from './postgres/postgres-resources.js';
import { PresentedRosters } from './presented-rosters.js';
import { Resources } from './resources.js';
import { StoredConnectionDoors } from './stored-connection-doors.js';
import { StoredConnectionHealths } from './stored-connection-healths.js';
import { StoredConnectionTokens } from './stored-connection-tokens.js';
import { StoredConnections } from './stored-connections.js';
import { StoredDevices } from './stored-devices.js';
import { StoredIssuerSubjects } from './stored-issuer-subjects.js';
import { StoredOrganizations } from './stored-organizations.js';
import { StoredPeople } from './stored-people.js';
import { StoredPresentedRosters } from './stored-presented-rosters.js';
import { NotedTraffic } from './traffic/noted-traffic.js';
import { SilenceWatch } from './traffic/silence-watch.js';

/** Organizations, connections, people and devices. */
@Module({
  imports: [AuditModule],
  providers: [
    {
      provide: Organizations,
      inject: [Transactions, AuditLog],
      useFactory: (transactions: Transactions, log: AuditLog) =>
        new StoredOrganizations(transactions, log),
    },
    {
      provide: ConnectionSecrets,
      inject: [OpaqueSecrets, Sealer],
      useFactory: (opaque: OpaqueSecrets, sealer: Sealer) => new ConnectionSecrets(opaque, sealer),
    },
    {
      provide: Connections,
      inject: [Transactions, AuditLog, ConnectionSecrets],
      useFactory: (transactions: Transactions, log: AuditLog, secrets: ConnectionSecrets) =>
        new StoredConnections(transactions, log, secrets),
    },
    built(
      ConnectionDoors,
      {
        transactions: Transactions,
        secrets: ConnectionSecrets,
        attempts: FailedAttempts,
      },
      (parts) => new StoredConnectionDoors(parts),
    ),
    built(
      ConnectionTokens,
      {
        transactions: Transactions,
        audit: AuditLog,
        secrets: ConnectionSecrets,
        opaque: OpaqueSecrets,
        attempts: FailedAttempts,
        clock: Clock,
      },
      (parts) => new StoredConnectionTokens(parts),
    ),
    built(
      FailedAttempts,
      {
        refusals: Refusals,
        traffic: ConnectionTraffic,
        clock: Clock,
        log: Log,
        installation: Installation,
      },
      ({ installation, ...parts }) =>
        new FailedAttempts({ ...parts, installation: installation.id }),
    ),
    built(
      NotedTraffic,
      { transactions: Transactions, audit: AuditLog, clock: Clock, log: Log },
      (parts) => new NotedTraffic(parts),
    ),
    { provide: ConnectionTraffic, useExisting: NotedTraffic },
    built(
      SilenceWatch,
      { transactions: Transactions, audit: AuditLog, log: Log },
      (parts) => new SilenceWatch(parts),
    ),
    built(
      EndingSecretsWatch,
      { transactions: Transactions, audit: AuditLog, log: Log },
      (parts) => new EndingSecretsWatch(parts),
    ),
    {
      provide: ConnectionHealths,
      inject: [Transactions],
      useFactory: (transactions: Transactions) => new StoredConnectionHealths(transactions),
    },
    built(
      IssuerSubjects,
      { transactions: Transactions, audit: AuditLog },
      ({ transactions, audit }) => new StoredIssuerSubjects(transactions, audit),
    ),
    {
      provide: Resources,
      inject: [Transactions],
      useFactory: (transactions: Transactions) => new PostgresResources(transactions),
    },
    {
      provide: Groups,
      inject: [Transactions],
      useFactory: (transactions: Transactions) => new PostgresGroups(transactions),
    },
    {
      provide: People,
      inject: [Transactions],
      useFactory: (transactions: Transactions) => new StoredPeople(transactions),
    },
    {
      provide: PresentedRosters,
      inject: [Transactions],
      useFactory: (transactions: Transactions) => new StoredPresentedRosters(transactions),
    },
    {
      provide: Devices,
      inject: [Transactions, AuditLog],
      useFactory: (transactions: Transactions, log: AuditLog) =>
        new StoredDevices(transactions, log),
    },
  ],
  exports: [
    IssuerSubjects,
    Organizations,
    Connections,
    ConnectionDoors,
    ConnectionHealths,
    ConnectionTokens,
    ConnectionTraffic,
    FailedAttempts,
    Resources,
    Groups,
    People,
    PresentedRosters,
    Devices,
  ],
})
export class DirectoryModule implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #loops: Loops;
  readonly #traffic: NotedTraffic;
  readonly #watch: SilenceWatch;
  readonly #secrets: EndingSecretsWatch;

  // eslint-disable-next-line max-params -- NestJS injects by parameter
  constructor(
    traffic: NotedTraffic,
    watch: SilenceWatch,
    secrets: EndingSecretsWatch,
    log: Log,
    metrics: Metrics,
  ) {
    metrics.counted(
      {
        name: 'offswitch_connection_requests_total',
        help: 'Requests of IdPs that had proven themselves',
      },
      ['operation', 'outcome'],
      () => traffic.totals(),
    );
    metrics.observed(
      {
        name: 'offswitch_connections_silent',
        help: 'Connections on which nothing has succeeded for too long',
      },
      async () => (await watch.unwell()).silent,
    );
    metrics.observed(
      {
        name: 'offswitch_connections_failing',
        help: 'Connections whose last answers were all failures',
      },
      async () => (await watch.unwell()).failing,
    );
    metrics.observed(
      {
        name: 'offswitch_connection_secrets_ending',
        help: 'Secrets that are about to end while their IdPs still show them',
      },
      () => secrets.ending(),
    );
    this.#loops = new Loops(log);
    this.#traffic = traffic;
    this.#watch = watch;
    this.#secrets = secrets;
  }

  onApplicationBootstrap(): void {
    this.#loops.start('connection traffic', (stop) => this.#traffic.run(stop));
    this.#loops.start('silence watch', (stop) => this.#watch.run(stop));
    this.#loops.start('ending secrets watch', (stop) => this.#secrets.run(stop));
  }

  /** After the last request: what has been noted is written before the loops end. */
  onApplicationShutdown(): Promise<void> {
    return this.#loops.stop();
  }
}
