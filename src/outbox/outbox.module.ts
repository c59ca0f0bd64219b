import { Module, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { AuditModule } from '../audit/audit.module.js';
import { AuditLog } from '../audit/index.js';
import { CasesModule } from '../cases/cases.module.js';
import { Cases } from '../cases/index.js';
import { ServiceConfig } from '../config/service-config.js';
import { Clock } from '../kernel/clock.js';
import { Transactions } from '../kernel/tx.js';
import { RecordKeys } from '../platform/crypto/key-ring.js';
import { sha256 } from '../platform/crypto/sha256.js';
import { Installation } from '../platform/installation/installation.js';
import { IdempotentProducer } from '../platform/kafka/idempotent-producer.js';
import { KafkaTopicKeeper } from '../platform/kafka/topic-keeper.js';
import { TopicGate } from '../platform/kafka/topic-gate.js';
import { Log } from '../platform/log/log.js';
import { DatabaseGuard } from '../platform/postgres/database-guard.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { WalkTimes } from '../platform/metrics/walk-times.js';
import { CoalescingPublisher } from './coalescing-publisher.js';
import { Enforcements } from './enforcements.js';
import { FeedReader } from './feed/feed-reader.js';
import { FeedModule } from './feed/feed.module.js';
import { WakingPublisher } from './feed/waking-publisher.js';
import { Gateways } from './gateways.js';
import { KidRevocations } from './kid-revocations.js';
import { ObservedPublisher } from './observed-publisher.js';
import { OutboxLoops } from './outbox-loops.js';
import { OutboxMetrics } from './outbox-metrics.js';
import { Outbox } from './outbox.js';
import { PostgresOutbox } from './postgres-outbox.js';
import { RecordedEnforcements } from './recorded-enforcements.js';
import { PublisherHealth, RevocationPublisher } from './revocation-publisher.js';
import { ReceiptsIntake } from './receipts-intake.js';
import { RefusedRecords } from './refused-records.js';
import { RevokedKids } from './revoked-kids.js';
import { SetAsideRecords } from './set-aside-records.js';
import { StoredRefusedRecords } from './stored-refused-records.js';
import { topicPlans } from './topic-plans.js';

const kafkaOf = (config: ServiceConfig) => ({ ...config.kafka, clientId: 'offswitch' });

@Module({
  imports: [AuditModule, CasesModule, FeedModule],
  providers: [
    { provide: Outbox, useFactory: () => new PostgresOutbox() },
    {
      provide: TopicGate,
      inject: [ServiceConfig, Installation, Log],
      useFactory: (config: ServiceConfig, { partitions }: Installation, log: Log) =>
        new TopicGate(
          new KafkaTopicKeeper(kafkaOf(config), topicPlans(config.topics, partitions), log),
          log,
        ),
    },
    {
      provide: CoalescingPublisher,
      inject: [
        Transactions,
        AuditLog,
        Installation,
        Log,
        OutboxMetrics,
        ServiceConfig,
        TopicGate,
        RecordKeys,
        Clock,
        WalkTimes,
      ],
      useFactory: (
        ...[transactions, audit, installation, log, metrics, config, gate, keys, clock, times]: [
          Transactions,
          AuditLog,
          Installation,
          Log,
          OutboxMetrics,
          ServiceConfig,
          TopicGate,
          RecordKeys,
          Clock,
          WalkTimes,
        ]
      ) => {
        const aside = new SetAsideRecords({
          transactions,
          audit,
          installation: installation.id,
          log,
          metrics,
        });
        return new CoalescingPublisher({
          topic: config.topics.revocations,
          producer: new IdempotentProducer(kafkaOf(config), log),
          sideProducer: new IdempotentProducer(kafkaOf(config), log),
          gate,
          sign: keys.sign,
          transactions,
          refused: (record, why) => aside.refused(record, why),
          clock,
          log,
          metrics,
          times,
        });
      },
    },
    {
      provide: RevocationPublisher,
      inject: [CoalescingPublisher, FeedReader],
      useFactory: (publisher: CoalescingPublisher, feed: FeedReader) =>
        new WakingPublisher(publisher, feed),
    },
    {
      provide: PublisherHealth,
      inject: [Transactions, TopicGate, Metrics, ServiceConfig],
      useFactory: (
        transactions: Transactions,
        gate: TopicGate,
        metrics: Metrics,
        { stalenessMs }: ServiceConfig,
      ) => new ObservedPublisher({ transactions, gate, metrics, stalenessMs }),
    },
    {
      provide: Enforcements,
      inject: [ServiceConfig],
      useFactory: ({ stalenessMs }: ServiceConfig) => new RecordedEnforcements(stalenessMs),
    },
    {
      provide: RefusedRecords,
      inject: [Transactions, AuditLog, Installation],
      useFactory: (transactions: Transactions, audit: AuditLog, { id }: Installation) =>
        new StoredRefusedRecords({ transactions, audit, installation: id }),
    },
    {
      provide: RevokedKids,
      inject: [Transactions, Cases, AuditLog, Outbox, RevocationPublisher, Installation, Clock],
      useFactory: (
        ...[transactions, cases, audit, outbox, publisher, installation, clock]: [
          Transactions,
          Cases,
          AuditLog,
          Outbox,
          RevocationPublisher,
          Installation,
          Clock,
        ]
      ) =>
        new KidRevocations({
          transactions,
          cases,
          audit,
          outbox,
          publisher,
          installation,
          hash: sha256,
          clock,
        }),
    },
    {
      provide: OutboxLoops,
      inject: [
        Transactions,
        Installation,
        ServiceConfig,
        TopicGate,
        CoalescingPublisher,
        RecordKeys,
        ReceiptsIntake,
        AuditLog,
        DatabaseGuard,
        Clock,
        Log,
        OutboxMetrics,
      ],
      useFactory: (
        ...[
          transactions,
          installation,
          config,
          gate,
          publisher,
          keys,
          intake,
          audit,
          guard,
          clock,
          log,
          metrics,
        ]: [
          Transactions,
          Installation,
          ServiceConfig,
          TopicGate,
          CoalescingPublisher,
          RecordKeys,
          ReceiptsIntake,
          AuditLog,
          DatabaseGuard,
          Clock,
          Log,
          OutboxMetrics,
        ]
      ) =>
        new OutboxLoops({
          transactions,
          installation,
          kafka: kafkaOf(config),
          topics: config.topics,
          gate,
          publisher,
          keys,
          intake,
          audit,
          guard,
          clock,
          log,
          metrics,
          keepDays: config.outboxDays,
        }),
    },
  ],
  exports: [
    Outbox,
    RevocationPublisher,
    PublisherHealth,
    FeedModule,
    Enforcements,
    RefusedRecords,
    RevokedKids,
  ],
})
export class OutboxModule implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #loops: OutboxLoops;
  readonly #gateways: Gateways;
  readonly #config: ServiceConfig;

  constructor(loops: OutboxLoops, gateways: Gateways, config: ServiceConfig) {
    this.#loops = loops;
    this.#gateways = gateways;
    this.#config = config;
  }

  async onApplicationBootstrap(): Promise<void> {
    if (this.#config.gatewayKey !== null)
      await this.#gateways.ensure('local', this.#config.gatewayKey);
    await this.#loops.start();
  }

  onApplicationShutdown(): Promise<void> {
    return this.#loops.stop();
  }
}
