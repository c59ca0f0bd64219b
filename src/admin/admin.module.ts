import {
  Module,
  type OnApplicationBootstrap,
  type OnApplicationShutdown,
  type OnModuleInit,
} from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { AuditModule } from '../audit/audit.module.js';
import { AuditLog, Refusals } from '../audit/index.js';
import { CasesModule } from '../cases/cases.module.js';
import { Cases } from '../cases/index.js';
import { ServiceConfig } from '../config/service-config.js';
import { DeprovisionModule } from '../deprovision/deprovision.module.js';
import { Deprovision } from '../deprovision/index.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { Connections, Devices, People, PresentedRosters } from '../directory/index.js';
import { Clock } from '../kernel/clock.js';
import { Transactions } from '../kernel/tx.js';
import { Enforcements, RevokedKids } from '../outbox/index.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { TokenKeys } from '../platform/crypto/key-ring.js';
import { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { sha256 } from '../platform/crypto/sha256.js';
import { Installation } from '../platform/installation/installation.js';
import { Log } from '../platform/log/log.js';
import { Loops } from '../platform/loop/loops.js';
import { Retention } from '../platform/loop/retention.js';
import { deleteOldIdempotencyKeys } from './postgres/idempotency-keys.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { built } from '../platform/module/built.js';
import { SubjectReports } from '../tokens/index.js';
import { TokensModule } from '../tokens/tokens.module.js';
import { AdminKeys } from './admin-keys.js';
import { CaseViews } from './case-views.js';
import { CaseWaits } from './case-waits.js';
import { AccessGroupsController } from './http/access-groups.controller.js';
import { AdminKeysController } from './http/admin-keys.controller.js';
import { ApiKeysController } from './http/api-keys.controller.js';
import { AuditController } from './http/audit.controller.js';
import { CasesController } from './http/cases.controller.js';
import { ClientKeysController } from './http/client-keys.controller.js';
import { ConnectionHealthController } from './http/connection-health.controller.js';
import { ConnectionsController } from './http/connections.controller.js';
import { DevicesController } from './http/devices.controller.js';
import { InstallationController } from './http/installation.controller.js';
import { IssuerSubjectsController } from './http/issuer-subjects.controller.js';
import { IssuersController } from './http/issuers.controller.js';
import { OutboxController } from './http/outbox.controller.js';
import { OrganizationsController } from './http/organizations.controller.js';
import { ReconciliationsController } from './http/reconciliations.controller.js';
import { RostersController } from './http/rosters.controller.js';
import { UsersController } from './http/users.controller.js';
import { KidRevocations } from './kid-revocations.js';
import { Reconciliations } from './reconciliation/reconciliations.js';
import { RosterComparison } from './reconciliation/roster-comparison.js';
import { RefusedRequests } from './refused-requests.js';
import { Revocations } from './revocations.js';
import { StoredAdminKeys } from './stored-admin-keys.js';
import { Subjects } from './subjects.js';

/** The admin API and its keys. */
@Module({
  imports: [
    AuditModule,
    CasesModule,
    OutboxModule,
    DirectoryModule,
    ApiKeysModule,
    TokensModule,
    DeprovisionModule,
  ],
  controllers: [
    OrganizationsController,
    ConnectionsController,
    AccessGroupsController,
    ClientKeysController,
    ConnectionHealthController,
    AdminKeysController,
    ApiKeysController,
    UsersController,
    DevicesController,
    CasesController,
    AuditController,
    InstallationController,
    IssuersController,
    IssuerSubjectsController,
    OutboxController,
    ReconciliationsController,
    RostersController,
  ],
  providers: [
    {
      provide: AdminKeys,
      inject: [Transactions, AuditLog, Refusals, OpaqueSecrets, Installation],
      useFactory: (
        ...[transactions, audit, refusals, secrets, installation]: [
          Transactions,
          AuditLog,
          Refusals,
          OpaqueSecrets,
          Installation,
        ]
      ) =>
        new StoredAdminKeys({
          transactions,
          audit,
          refusals,
          secrets,
          installation: installation.id,
        }),
    },
    {
      provide: RefusedRequests,
      inject: [Transactions, AuditLog, Installation],
      useFactory: (transactions: Transactions, audit: AuditLog, installation: Installation) =>
        new RefusedRequests(transactions, audit, installation.id),
    },
    {
      provide: CaseViews,
      inject: [Transactions, Cases, Enforcements, Clock, ServiceConfig],
      useFactory: (
        ...[transactions, cases, enforcements, clock, { stalenessMs }]: [
          Transactions,
          Cases,
          Enforcements,
          Clock,
          ServiceConfig,
        ]
      ) => new CaseViews({ transactions, cases, enforcements, clock, stalenessMs }),
    },
    {
      provide: CaseWaits,
      inject: [CaseViews, Metrics, Log],
      useFactory: (views: CaseViews, metrics: Metrics, log: Log) => {
        const waits = new CaseWaits({ look: (names) => views.these(names), log });
        metrics.observed(
          { name: 'offswitch_case_waiters', help: 'Requests that wait for a case to be enforced' },
          () => Promise.resolve(waits.waiters),
        );
        return waits;
      },
    },
    {
      provide: Revocations,
      inject: [Deprovision, Transactions],
      useFactory: (deprovision: Deprovision, transactions: Transactions) =>
        new Revocations(deprovision, transactions, sha256),
    },
    built(
      Reconciliations,
      {
        transactions: Transactions,
        audit: AuditLog,
        deprovision: Deprovision,
        connections: Connections,
        rosters: PresentedRosters,
        reports: SubjectReports,
        log: Log,
      },
      (parts) => new Reconciliations({ ...parts, comparison: new RosterComparison(parts) }),
    ),
    {
      provide: Subjects,
      inject: [Transactions, People, Devices, SubjectReports],
      useFactory: (
        transactions: Transactions,
        people: People,
        devices: Devices,
        reports: SubjectReports,
      ) => new Subjects({ transactions, people, devices, reports }),
    },
    {
      provide: KidRevocations,
      inject: [RevokedKids, TokenKeys, Transactions, CaseViews],
      useFactory: (
        kids: RevokedKids,
        keys: TokenKeys,
        transactions: Transactions,
        views: CaseViews,
      ) =>
        new KidRevocations({
          kids,
          known: keys.publicJwks.keys.map(({ kid }) => kid),
          transactions,
          views,
        }),
    },
  ],
  exports: [AdminKeys],
})
export class AdminModule implements OnModuleInit, OnApplicationBootstrap, OnApplicationShutdown {
  readonly #keys: AdminKeys;
  readonly #config: ServiceConfig;
  readonly #waits: CaseWaits;
  readonly #loops: Loops;
  readonly #retention: Retention;

  // eslint-disable-next-line max-params -- NestJS injects by parameter
  constructor(
    keys: AdminKeys,
    config: ServiceConfig,
    waits: CaseWaits,
    log: Log,
    transactions: Transactions,
    host: HttpAdapterHost,
  ) {
    this.#keys = keys;
    this.#config = config;
    this.#waits = waits;
    this.#loops = new Loops(log);
    const what = 'idempotency keys';
    this.#retention = new Retention({
      transactions,
      log,
      what,
      deleteSome: deleteOldIdempotencyKeys,
    });
    // The server waits for every answer that is under way: those who wait are answered first.
    host.httpAdapter.getInstance<FastifyInstance>().addHook('preClose', (done) => {
      waits.end();
      done();
    });
  }

  /** Before anybody can ask for anything: somebody must be able to. */
  async onModuleInit(): Promise<void> {
    await this.#keys.ensureFirst(this.#config.adminKey);
  }

  onApplicationBootstrap(): void {
    this.#loops.start('case waits', (stop) => this.#waits.run(stop));
    this.#loops.start('idempotency retention', (stop) => this.#retention.run(stop));
  }

  onApplicationShutdown(): Promise<void> {
    return this.#loops.stop();
  }
}
