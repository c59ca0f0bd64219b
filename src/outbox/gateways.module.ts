import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuditLog } from '../audit/index.js';
import { ServiceConfig } from '../config/service-config.js';
import { Transactions } from '../kernel/tx.js';
import { RecordKeys } from '../platform/crypto/key-ring.js';
import { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { Installation } from '../platform/installation/installation.js';
import { ForeignIssuers } from './foreign-issuers.js';
import { GatewayKeyGuard } from './gateway-key.guard.js';
import { GatewayLeaseController } from './gateway-lease.controller.js';
import { GatewayLeases } from './gateway-leases.js';
import { Gateways } from './gateways.js';
import { RecordKeysController } from './record-keys.controller.js';
import { RegisteredGateways } from './registered-gateways.js';
import { StoredForeignIssuers } from './stored-foreign-issuers.js';

/** Who the gateways are, the leases under which their processes count, and the keys that they and others verify with. */
@Module({
  imports: [AuditModule],
  controllers: [GatewayLeaseController, RecordKeysController],
  providers: [
    {
      provide: Gateways,
      inject: [Transactions, AuditLog, OpaqueSecrets, Installation, ServiceConfig],
      useFactory: (
        ...[transactions, audit, secrets, { id }, { stalenessMs }]: [
          Transactions,
          AuditLog,
          OpaqueSecrets,
          Installation,
          ServiceConfig,
        ]
      ) => new RegisteredGateways({ transactions, audit, secrets, installation: id, stalenessMs }),
    },
    {
      provide: GatewayLeases,
      inject: [Transactions, AuditLog, Installation, ServiceConfig, RecordKeys],
      useFactory: (
        ...[transactions, audit, installation, config, keys]: [
          Transactions,
          AuditLog,
          Installation,
          ServiceConfig,
          RecordKeys,
        ]
      ) =>
        new GatewayLeases({
          transactions,
          audit,
          installation,
          audience: config.audience,
          recordKeys: keys.publicJwks,
          topics: config.topics,
          stalenessMs: config.stalenessMs,
        }),
    },
    {
      provide: ForeignIssuers,
      inject: [Transactions, AuditLog],
      useFactory: (transactions: Transactions, audit: AuditLog) =>
        new StoredForeignIssuers(transactions, audit),
    },
    GatewayKeyGuard,
  ],
  exports: [Gateways, ForeignIssuers, GatewayKeyGuard],
})
export class GatewaysModule {}
