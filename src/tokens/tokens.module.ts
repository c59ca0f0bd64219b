import { Module } from '@nestjs/common';
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
import { Outbox, RevocationPublisher } from '../outbox/index.js';
import { TokenKeys } from '../platform/crypto/key-ring.js';
import { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { RotatingSecrets } from '../platform/crypto/rotating-secrets.js';
import { Installation } from '../platform/installation/installation.js';
import { DeviceAssignments } from './device-assignments.js';
import { DeviceAuthController } from './device-auth.controller.js';
import { DeviceAuth, type DeviceAuthParts } from './device-auth.js';
import { JwksController } from './jwks.controller.js';
import { PostgresSubjectReports } from './postgres/postgres-subject-reports.js';
import { SubjectReports } from './subject-reports.js';

type Ports = [
  Transactions,
  Clock,
  AuditLog,
  Refusals,
  Cases,
  Outbox,
  RevocationPublisher,
  People,
  Devices,
  Organizations,
  ApiKeys,
  OpaqueSecrets,
  RotatingSecrets,
  TokenKeys,
  Installation,
  ServiceConfig,
];

/** Device tokens: the endpoints of devices and their backends, and the public keys. */
@Module({
  imports: [AuditModule, CasesModule, OutboxModule, DirectoryModule, ApiKeysModule],
  controllers: [DeviceAuthController, JwksController],
  providers: [
    {
      provide: DeviceAuth,
      inject: [
        Transactions,
        Clock,
        AuditLog,
        Refusals,
        Cases,
        Outbox,
        RevocationPublisher,
        People,
        Devices,
        Organizations,
        ApiKeys,
        OpaqueSecrets,
        RotatingSecrets,
        TokenKeys,
        Installation,
        ServiceConfig,
      ],
      useFactory: (...ports: Ports) => new DeviceAuth(named(ports)),
    },
    {
      provide: DeviceAssignments,
      inject: [DeviceAuth],
      useFactory: ({ assignments }: DeviceAuth) => assignments,
    },
    { provide: SubjectReports, useFactory: () => new PostgresSubjectReports() },
  ],
  exports: [DeviceAssignments, SubjectReports],
})
export class TokensModule {}

function named([
  transactions,
  clock,
  audit,
  refusals,
  cases,
  outbox,
  publisher,
  people,
  devices,
  organizations,
  apiKeys,
  secrets,
  rotating,
  keys,
  installation,
  { audience },
]: Ports): DeviceAuthParts {
  return {
    transactions,
    clock,
    audit,
    refusals,
    cases,
    outbox,
    publisher,
    people,
    devices,
    organizations,
    apiKeys,
    secrets,
    rotating,
    keys,
    installation,
    audience,
  };
}
