import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../kernel/clock.js';
import { Transactions } from '../kernel/tx.js';
import { Installation } from '../platform/installation/installation.js';
import { Log } from '../platform/log/log.js';
import { Loops } from '../platform/loop/loops.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { built } from '../platform/module/built.js';
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
    built(
      CountedRefusals,
      { transactions: Transactions, audit: AuditLog, clock: Clock, log: Log },
      (parts) => new CountedRefusals(parts),
    ),
    { provide: Refusals, useExisting: CountedRefusals },
    built(
      AuditRounds,
      {
        transactions: Transactions,
        log: Log,
        audit: AuditLog,
        partitions: Partitions,
        check: SelfCheck,
        installation: Installation,
      },
      ({ installation, ...parts }) => new AuditRounds({ ...parts, installation: installation.id }),
    ),
  ],
  exports: [AuditLog, AuditQuery, Refusals],
})
export class AuditModule implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #loops: Loops;
  readonly #rounds: AuditRounds;
  readonly #refusals: CountedRefusals;

  constructor(rounds: AuditRounds, refusals: CountedRefusals, log: Log, metrics: Metrics) {
    metrics.counted(
      { name: 'offswitch_refusals_total', help: 'Requests refused at a door, by its reason' },
      ['door', 'reason'],
      () => refusals.totals(),
    );
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
