import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../kernel/clock.js';
import { Transactions } from '../kernel/tx.js';
import { Installation } from '../platform/installation/installation.js';
import { Log } from '../platform/log/log.js';
import { Loops } from '../platform/loop/loops.js';
import { AuditLog } from './audit-log.js';
import { AuditQuery } from './audit-query.js';
import { AuditRounds } from './audit-rounds.js';
import { CountedRefusals } from './counted-refusals.js';
import { PostgresAuditLog } from './postgres/postgres-audit-log.js';
import { PostgresAuditQuery } from './postgres/postgres-audit-query.js';
import { PostgresPartitions, PostgresSelfCheck } from './postgres/postgres-self-check.js';
import { Refusals } from './refusals.js';
import { Partitions, SelfCheck } from './self-check.js';

/** {@link AuditLog}, {@link AuditQuery} and {@link Refusals} for every room, and what goes on by itself. */
@Module({
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
      inject: [Transactions, Log, AuditLog, Partitions, SelfCheck, Installation],
      useFactory: (
        transactions: Transactions,
        log: Log,
        audit: AuditLog,
        ...[partitions, check, installation]: [Partitions, SelfCheck, Installation]
      ) =>
        new AuditRounds({
          transactions,
          log,
          audit,
          partitions,
          check,
          installation: installation.id,
        }),
    },
  ],
  exports: [AuditLog, AuditQuery, Refusals],
})
export class AuditModule implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #loops: Loops;
  readonly #rounds: AuditRounds;
  readonly #refusals: CountedRefusals;

  constructor(rounds: AuditRounds, refusals: CountedRefusals, log: Log) {
    this.#loops = new Loops(log);
    this.#rounds = rounds;
    this.#refusals = refusals;
  }

  onApplicationBootstrap(): void {
    this.#loops.start('audit rounds', (stop) => this.#rounds.run(stop));
    this.#loops.start('refusals', (stop) => this.#refusals.run(stop));
  }

  /** After the last request: what has been counted is written before the loops end. */
  onApplicationShutdown(): Promise<void> {
    return this.#loops.stop();
  }
}
