import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuditLog, Refusals } from '../audit/index.js';
import { Transactions } from '../kernel/tx.js';
import { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { Sealer } from '../platform/crypto/sealer.js';
import { Installation } from '../platform/installation/installation.js';
import { ConnectionDoors } from './connection-doors.js';
import { ConnectionSecrets } from './connection-secrets.js';
import { Connections } from './connections.js';
import { Devices } from './devices.js';
import { Organizations } from './organizations.js';
import { People } from './people.js';
import { PostgresResources } from './postgres/postgres-resources.js';
import { Resources } from './resources.js';
import { StoredConnectionDoors } from './stored-connection-doors.js';
import { StoredConnections } from './stored-connections.js';
import { StoredDevices } from './stored-devices.js';
import { StoredOrganizations } from './stored-organizations.js';
import { StoredPeople } from './stored-people.js';

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
    {
      provide: ConnectionDoors,
      inject: [Transactions, ConnectionSecrets, Refusals, Installation],
      useFactory: (
        transactions: Transactions,
        secrets: ConnectionSecrets,
        refusals: Refusals,
        installation: Installation,
      ) =>
        new StoredConnectionDoors({
          transactions,
          secrets,
          refusals,
          installation: installation.id,
        }),
    },
    {
      provide: Resources,
      inject: [Transactions],
      useFactory: (transactions: Transactions) => new PostgresResources(transactions),
    },
    {
      provide: People,
      inject: [Transactions],
      useFactory: (transactions: Transactions) => new StoredPeople(transactions),
    },
    {
      provide: Devices,
      inject: [Transactions, AuditLog],
      useFactory: (transactions: Transactions, log: AuditLog) =>
        new StoredDevices(transactions, log),
    },
  ],
  exports: [Organizations, Connections, ConnectionDoors, Resources, People, Devices],
})
export class DirectoryModule {}
