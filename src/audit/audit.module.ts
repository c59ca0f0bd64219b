import { Module, type DynamicModule } from '@nestjs/common';
import { Clock } from '../kernel/clock.js';
import { Transactions } from '../kernel/tx.js';
import { Log } from '../platform/log/log.js';
import { AuditLog } from './audit-log.js';
import { AuditQuery } from './audit-query.js';
import { AuditRounds } from './audit-rounds.js';
import { CountedRefusals } from './counted-refusals.js';
import type { LogId } from './domain/entry.js';
import { PostgresAuditLog } from './postgres/postgres-audit-log.js';
import { PostgresAuditQuery } from './postgres/postgres-audit-query.js';
import { PostgresPartitions, PostgresSelfCheck } from './postgres/postgres-self-check.js';
import { Refusals } from './refusals.js';
import { Partitions, SelfCheck } from './self-check.js';

/** {@link AuditLog}, {@link AuditQuery} and {@link Refusals} for every room; the loops for whoever starts them. */
@Module({})
export class AuditModule {
  /** @param installation whose log takes what belongs to no organization */
  static with(installation: LogId): DynamicModule {
    return {
      module: AuditModule,
      providers: [
        { provide: AuditLog, useFactory: () => new PostgresAuditLog() },
        { provide: AuditQuery, useFactory: () => new PostgresAuditQuery() },
        { provide: SelfCheck, useFactory: () => new PostgresSelfCheck() },
        { provide: Partitions, useFactory: () => new PostgresPartitions() },
        {
          provide: CountedRefusals,
          inject: [Transactions, AuditLog, Clock, Log],
          useFactory: (transactions: Transactions, audit: AuditLog, clock: Clock, log: Log) =>
            new CountedRefusals({ transactions, audit, clock, log }),
        },
        { provide: Refusals, useExisting: CountedRefusals },
        {
          provide: AuditRounds,
          inject: [Transactions, Log, AuditLog, Partitions, SelfCheck],
          useFactory: (
            transactions: Transactions,
            log: Log,
            audit: AuditLog,
            ...[partitions, check]: [Partitions, SelfCheck]
          ) => new AuditRounds({ transactions, log, audit, partitions, check, installation }),
        },
      ],
      exports: [AuditLog, AuditQuery, Refusals, CountedRefusals, AuditRounds, SelfCheck],
    };
  }
}
