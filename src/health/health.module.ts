import { Module } from '@nestjs/common';
import { Transactions } from '../kernel/tx.js';
import { PublisherHealth } from '../outbox/index.js';
import { OutboxModule } from '../outbox/outbox.module.js';
import { HealthController } from './health.controller.js';
import { Health } from './health.js';

@Module({
  imports: [OutboxModule],
  controllers: [HealthController],
  providers: [
    {
      provide: Health,
      inject: [Transactions, PublisherHealth],
      useFactory: (transactions: Transactions, publisher: PublisherHealth) =>
        new Health(transactions, publisher),
    },
  ],
})
export class HealthModule {}
