import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuditLog, Refusals } from '../audit/index.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { Organizations } from '../directory/index.js';
import { Transactions } from '../kernel/tx.js';
import { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { Installation } from '../platform/installation/installation.js';
import { ApiKeyDoor } from './api-key-door.js';
import { ApiKeys } from './api-keys.js';
import { PostgresApiKeyDoor } from './postgres/postgres-api-key-door.js';
import { PostgresApiKeys } from './postgres/postgres-api-keys.js';

/** {@link ApiKeys} and {@link ApiKeyDoor}. */
@Module({
  imports: [AuditModule, DirectoryModule],
  providers: [
    {
      provide: ApiKeys,
      inject: [Transactions, Organizations, AuditLog, OpaqueSecrets],
      useFactory: (
        transactions: Transactions,
        organizations: Organizations,
        audit: AuditLog,
        secrets: OpaqueSecrets,
      ) => new PostgresApiKeys({ transactions, organizations, audit, secrets }),
    },
    {
      provide: ApiKeyDoor,
      inject: [Transactions, OpaqueSecrets, Refusals, Installation],
      useFactory: (
        transactions: Transactions,
        secrets: OpaqueSecrets,
        refusals: Refusals,
        installation: Installation,
      ) =>
        new PostgresApiKeyDoor({ transactions, secrets, refusals, installation: installation.id }),
    },
  ],
  exports: [ApiKeys, ApiKeyDoor],
})
export class ApiKeysModule {}
