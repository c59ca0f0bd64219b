import { Module } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuditLog } from '../audit/index.js';
import { Clock } from '../kernel/clock.js';
import { Transactions } from '../kernel/tx.js';
import { Outbox, RevocationPublisher } from '../outbox/index.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { sha256 } from '../platform/crypto/sha256.js';
import { Log } from '../platform/log/log.js';
import { Installation } from '../platform/installation/installation.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { CONNECTIONS } from '../platform/postgres/lanes.js';
import { Deprovision } from './deprovision.js';
import { Heart } from './heart.js';
import { QueuedResourceEvents, ResourceEvents } from './resource-events.js';
import { toldOf } from './set-failures.js';
import { Rosters } from './rosters.js';
import { StoredRosters } from './stored-rosters.js';

@Module({
  imports: [AuditModule, OutboxModule],
  providers: [
    {
      provide: ResourceEvents,
      inject: [Outbox],
      useFactory: (outbox: Outbox) => new QueuedResourceEvents(outbox),
    },
    {
      provide: Rosters,
      inject: [Transactions, AuditLog, Metrics],
      useFactory: (transactions: Transactions, audit: AuditLog, metrics: Metrics) => {
        const rosters = new StoredRosters(transactions, audit);
        metrics.observed(
          {
            name: 'offswitch_rosters_demanded',
            help: 'Organizations whose roster a recovery has demanded and nobody has confirmed',
          },
          () => transactions.read('background', (tx) => rosters.countOpen(tx)),
        );
        return rosters;
      },
    },
    {
      provide: Deprovision,
      inject: [Transactions, RevocationPublisher, Installation, Clock, Log, Metrics],
      useFactory: (
        ...[transactions, publisher, installation, clock, log, metrics]: [
          Transactions,
          RevocationPublisher,
          Installation,
          Clock,
          Log,
          Metrics,
        ]
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
          setFailed: toldOf(log, metrics),
        }),
    },
  ],
  exports: [Deprovision, ResourceEvents, Rosters],
})
export class DeprovisionModule {}
