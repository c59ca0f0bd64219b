import { Module, type DynamicModule } from '@nestjs/common';
import { AuditLog, Refusals, type LogId } from '../audit/index.js';
import { Deprovision } from '../deprovision/index.js';
import { ConnectionDoors } from '../directory/index.js';
import { Transactions } from '../kernel/tx.js';
import { Log } from '../platform/log/log.js';
import { WebhooksController } from './webhooks.controller.js';
import { Webhooks } from './webhooks.js';

/** Webhooks of IdPs and in-house systems. */
@Module({})
export class SignalsModule {
  /**
   * @param rooms audit, directory and deprovision, as the application made them
   * @param installation whose log counts what belongs to no connection
   */
  static with(rooms: readonly DynamicModule[], installation: LogId): DynamicModule {
    return {
      module: SignalsModule,
      imports: [...rooms],
      controllers: [WebhooksController],
      providers: [
        {
          provide: Webhooks,
          inject: [ConnectionDoors, Deprovision, Transactions, AuditLog, Refusals, Log],
          useFactory: (
            ...[doors, deprovision, transactions, audit, refusals, log]: [
              ConnectionDoors,
              Deprovision,
              Transactions,
              AuditLog,
              Refusals,
              Log,
            ]
          ) =>
            new Webhooks({ doors, deprovision, transactions, audit, refusals, log, installation }),
        },
      ],
    };
  }
}
