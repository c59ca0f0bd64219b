import { Module, type OnApplicationBootstrap } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuditLog, Refusals } from '../audit/index.js';
import { ApiKeysModule } from '../api-keys/api-keys.module.js';
import { ApiKeys } from '../api-keys/index.js';
import { CasesModule } from '../cases/cases.module.js';
import { Cases } from '../cases/index.js';
import { ServiceConfig } from '../config/service-config.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { Devices, Organizations, People } from '../directory/index.js';
import { Clock } from '../kernel/clock.js';
import { Transactions } from '../kernel/tx.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { Outbox, RevocationPublisher, RevokedKids } from '../outbox/index.js';
import { TokenKeys } from '../platform/crypto/key-ring.js';
import { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { RotatingSecrets } from '../platform/crypto/rotating-secrets.js';
import { Installation } from '../platform/installation/installation.js';
import { Log } from '../platform/log/log.js';
import { built } from '../platform/module/built.js';
import { DeviceAssignments } from './device-assignments.js';
import { DeviceAuthController } from './device-auth.controller.js';
import { DeviceAuth } from './device-auth.js';
import { IntrospectionModule } from './introspection.module.js';
import { JwksController } from './jwks.controller.js';
import { PostgresSubjectReports } from './postgres/postgres-subject-reports.js';
import { PublishedKeys } from './published-keys.js';
import { SubjectReports } from './subject-reports.js';

/** Device tokens: the endpoints of devices and their backends, and the public keys. */
@Module({
  imports: [
    AuditModule,
    CasesModule,
    OutboxModule,
    DirectoryModule,
    ApiKeysModule,
    IntrospectionModule,
  ],
  controllers: [DeviceAuthController, JwksController],
  providers: [
    built(
      DeviceAuth,
      {
        transactions: Transactions,
        clock: Clock,
        audit: AuditLog,
        refusals: Refusals,
        cases: Cases,
        outbox: Outbox,
        publisher: RevocationPublisher,
        people: People,
        devices: Devices,
        organizations: Organizations,
        apiKeys: ApiKeys,
        secrets: OpaqueSecrets,
        rotating: RotatingSecrets,
        keys: TokenKeys,
        installation: Installation,
        log: Log,
        config: ServiceConfig,
      },
      ({ config, ...parts }) => new DeviceAuth({ ...parts, audience: config.audience }),
    ),
    built(
      PublishedKeys,
      { keys: TokenKeys, kids: RevokedKids, transactions: Transactions, log: Log },
      (parts) => new PublishedKeys(parts),
    ),
    built(DeviceAssignments, { deviceAuth: DeviceAuth }, (parts) => parts.deviceAuth.assignments),
    { provide: SubjectReports, useFactory: () => new PostgresSubjectReports() },
  ],
  exports: [DeviceAssignments, SubjectReports],
})
export class TokensModule implements OnApplicationBootstrap {
  readonly #published: PublishedKeys;

  constructor(published: PublishedKeys) {
    this.#published = published;
  }

  onApplicationBootstrap(): Promise<void> {
    return this.#published.check();
  }
}
