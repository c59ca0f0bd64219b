import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuditLog } from '../audit/index.js';
import { Clock } from '../kernel/clock.js';
import { Transactions } from '../kernel/tx.js';
import { RevocationPublisher } from '../outbox/index.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { sha256 } from '../platform/crypto/sha256.js';
import { Installation } from '../platform/installation/installation.js';
import { CONNECTIONS } from '../platform/postgres/lanes.js';
import { Deprovision } from './deprovision.js';
import { Heart } from './heart.js';
import { Rosters } from './rosters.js';
import { StoredRosters } from './stored-rosters.js';

@Module({
  imports: [AuditModule, OutboxModule],
  providers: [
    {
      provide: Rosters,
      inject: [Transactions, AuditLog],
      useFactory: (transactions: Transactions, audit: AuditLog) =>
        new StoredRosters(transactions, audit),
    },
    {
      provide: Deprovision,
      inject: [Transactions, RevocationPublisher, Installation, Clock],
      useFactory: (
        transactions: Transactions,
        publisher: RevocationPublisher,
        installation: Installation,
        clock: Clock,
      ) =>
        new Heart({
          transactions,
          publisher,
          press: {
            hash: sha256,
            partitions: installation.partitions,
            epoch: installation.epoch,
          },
          clock,
          atOnce: CONNECTIONS.deprovision,
        }),
    },
  ],
  exports: [Deprovision, Rosters],
})
export class DeprovisionModule {}
