import { Module, type DynamicModule } from '@nestjs/common';
import { AuditLog, Refusals, type LogId } from '../audit/index.js';
import { Transactions } from '../kernel/tx.js';
import { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import { Sealer } from '../platform/crypto/sealer.js';
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
@Module({})
export class DirectoryModule {
  /**
   * @param audit the audit room's module, as the application made it
   * @param installation whose log takes what belongs to no organization
   */
  static with(audit: DynamicModule, installation: LogId): DynamicModule {
    const ports = [Organizations, Connections, ConnectionDoors, Resources, People, Devices];
    return {
      module: DirectoryModule,
      imports: [audit],
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
          useFactory: (opaque: OpaqueSecrets, sealer: Sealer) =>
            new ConnectionSecrets(opaque, sealer),
        },
        {
          provide: Connections,
          inject: [Transactions, AuditLog, ConnectionSecrets],
          useFactory: (transactions: Transactions, log: AuditLog, secrets: ConnectionSecrets) =>
            new StoredConnections(transactions, log, secrets),
        },
        {
          provide: ConnectionDoors,
          inject: [Transactions, ConnectionSecrets, Refusals],
          useFactory: (
            transactions: Transactions,
            secrets: ConnectionSecrets,
            refusals: Refusals,
          ) => new StoredConnectionDoors({ transactions, secrets, refusals, installation }),
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
      exports: ports,
    };
  }
}
