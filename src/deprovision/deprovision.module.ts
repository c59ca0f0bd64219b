import { Module } from '@nestjs/common';
import { Clock } from '../kernel/clock.js';
import { Transactions } from '../kernel/tx.js';
import { RevocationPublisher } from '../outbox/index.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { sha256 } from '../platform/crypto/sha256.js';
import { Installation } from '../platform/installation/installation.js';
import { CONNECTIONS } from '../platform/postgres/lanes.js';
import { Deprovision } from './deprovision.js';
import { Heart } from './heart.js';

@Module({
  imports: [OutboxModule],
  providers: [
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
  exports: [Deprovision],
})
export class DeprovisionModule {}
