import { Module } from '@nestjs/common';
import { DeprovisionModule } from '../deprovision/deprovision.module.js';
import { Rosters } from '../deprovision/index.js';
import { Transactions } from '../kernel/tx.js';
import { PublisherHealth } from '../outbox/index.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { HealthController } from './health.controller.js';
import { Health } from './health.js';

@Module({
  imports: [DeprovisionModule, OutboxModule],
  controllers: [HealthController],
  providers: [
    {
      provide: Health,
      inject: [Transactions, PublisherHealth, Rosters],
      useFactory: (transactions: Transactions, publisher: PublisherHealth, rosters: Rosters) =>
        new Health(transactions, publisher, rosters),
    },
  ],
})
export class HealthModule {}
