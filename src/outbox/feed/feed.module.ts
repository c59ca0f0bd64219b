import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import type { FastifyInstance } from 'fastify';
import { AuditModule } from '../../audit/audit.module.js';
import { AuditLog, Refusals } from '../../audit/index.js';
import { ServiceConfig } from '../../config/service-config.js';
import { Clock } from '../../kernel/clock.js';
import { Transactions } from '../../kernel/tx.js';
import { RecordKeys } from '../../platform/crypto/key-ring.js';
import { sha256 } from '../../platform/crypto/sha256.js';
import { Installation } from '../../platform/installation/installation.js';
import { Log } from '../../platform/log/log.js';
import { Loops } from '../../platform/loop/loops.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { GatewaysModule } from '../gateways.module.js';
import { OutboxMetrics } from '../outbox-metrics.js';
import { ReceiptsIntake } from '../receipts-intake.js';
import { FeedController } from './feed.controller.js';
import { FeedReader } from './feed-reader.js';
import { RecordsController } from './records.controller.js';
import { Snapshots } from './snapshots.js';

/** The same records over HTTP, for gateways without Kafka and while Kafka is away. */
@Module({
  imports: [AuditModule, GatewaysModule],
  controllers: [FeedController, RecordsController],
  providers: [
    {
      provide: OutboxMetrics,
      inject: [Metrics],
      useFactory: (metrics: Metrics) => new OutboxMetrics(metrics),
    },
    {
      provide: ReceiptsIntake,
      inject: [Transactions, AuditLog, Refusals, Installation, Log, OutboxMetrics],
      useFactory: (
        ...[transactions, audit, refusals, installation, log, metrics]: [
          Transactions,
          AuditLog,
          Refusals,
          Installation,
          Log,
          OutboxMetrics,
        ]
      ) => new ReceiptsIntake({ transactions, audit, refusals, installation, log, metrics }),
    },
    {
      provide: Snapshots,
      inject: [Transactions, Installation, ServiceConfig, RecordKeys],
      useFactory: (
        transactions: Transactions,
        { id }: Installation,
        { topics }: ServiceConfig,
        { sign }: RecordKeys,
      ) =>
        new Snapshots({
          transactions,
          installation: id,
          topic: topics.revocations,
          sign,
          hash: sha256,
        }),
    },
    {
      provide: FeedReader,
      inject: [Transactions, Installation, ServiceConfig, RecordKeys, Clock, Log, Metrics],
      useFactory: (
        ...[transactions, installation, { topics }, { sign }, clock, log, metrics]: [
          Transactions,
          Installation,
          ServiceConfig,
          RecordKeys,
          Clock,
          Log,
          Metrics,
        ]
      ) => {
        const cut = metrics.counter({
          name: 'offswitch_feed_followers_cut_total',
          help: 'Followers over HTTP that did not keep up, or went without a word',
        });
        const reader = new FeedReader({
          transactions,
          installation: installation.id,
          topic: topics.revocations,
          sign,
          hash: sha256,
          clock,
          log,
          onCut: () => {
            cut.inc();
          },
        });
        metrics.observed(
          {
            name: 'offswitch_feed_followers',
            help: 'Gateways that follow this process over HTTP',
          },
          () => Promise.resolve(reader.followers),
        );
        return reader;
      },
    },
  ],
  exports: [FeedReader, OutboxMetrics, ReceiptsIntake, GatewaysModule],
})
export class FeedModule implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #reader: FeedReader;
  readonly #loops: Loops;

  constructor(reader: FeedReader, log: Log, host: HttpAdapterHost) {
    this.#reader = reader;
    this.#loops = new Loops(log);
    // Streams end first: the server waits for every answer that is under way.
    host.httpAdapter.getInstance<FastifyInstance>().addHook('preClose', (done) => {
      reader.end();
      done();
    });
  }

  onApplicationBootstrap(): void {
    this.#loops.start('feed', (stop) => this.#reader.run(stop));
  }

  onApplicationShutdown(): Promise<void> {
    return this.#loops.stop();
  }
}
