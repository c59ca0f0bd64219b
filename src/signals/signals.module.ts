import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuditLog } from '../audit/index.js';
import { DeprovisionModule } from '../deprovision/deprovision.module.js';
import { Deprovision } from '../deprovision/index.js';
import { DirectoryModule } from '../directory/directory.module.js';
import { ConnectionDoors, FailedAttempts } from '../directory/index.js';
import { Transactions } from '../kernel/tx.js';
import { Log } from '../platform/log/log.js';
import { Loops } from '../platform/loop/loops.js';
import { Retention } from '../platform/loop/retention.js';
import { deleteOldSignals } from './postgres/delete-old-signals.js';
import { built } from '../platform/module/built.js';
import { WebhooksController } from './webhooks.controller.js';
import { Webhooks } from './webhooks.js';

/** Webhooks of IdPs and in-house systems. */
@Module({
  imports: [AuditModule, DirectoryModule, DeprovisionModule],
  controllers: [WebhooksController],
  providers: [
    built(
      Webhooks,
      {
        doors: ConnectionDoors,
        deprovision: Deprovision,
        transactions: Transactions,
        audit: AuditLog,
        attempts: FailedAttempts,
        log: Log,
      },
      (parts) => new Webhooks(parts),
    ),
  ],
})
export class SignalsModule implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #loops: Loops;
  readonly #retention: Retention;

  constructor(transactions: Transactions, log: Log) {
    this.#loops = new Loops(log);
    const what = 'signals that were answered';
    this.#retention = new Retention({ transactions, log, what, deleteSome: deleteOldSignals });
  }

  onApplicationBootstrap(): void {
    this.#loops.start('signal retention', (stop) => this.#retention.run(stop));
  }

  onApplicationShutdown(): Promise<void> {
    return this.#loops.stop();
  }
}
