import kafkajs, { type Admin } from 'kafkajs';
import type { Log } from '../log/log.js';
import { KafkaConnection } from './kafka-connection.js';
import type { KafkaSettings } from './kafka-settings.js';
import {
  replicationOn,
  troubleOf,
  type Replication,
  type TopicFound,
  type TopicPlan,
} from './topic-plan.js';

// kafkajs is CommonJS, and Node finds only some of its names by itself.
const { ConfigResourceTypes } = kafkajs;

export abstract class TopicKeeper {
  /**
   * Creates the topics that are missing and checks all of them.
   *
   * @returns what is wrong, as sentences for an operator; empty when everything is as planned
   * @throws Error when the cluster cannot be asked, or `stop` was aborted
   */
  abstract check(stop: AbortSignal): Promise<readonly string[]>;
}

export class KafkaTopicKeeper extends TopicKeeper {
  readonly #settings: KafkaSettings;
  readonly #plans: readonly TopicPlan[];
  readonly #log: Log;

  constructor(settings: KafkaSettings, plans: readonly TopicPlan[], log: Log) {
    super();
    this.#settings = settings;
    this.#plans = plans;
    this.#log = log;
  }

  override async check(stop: AbortSignal): Promise<readonly string[]> {
    const connection = new KafkaConnection(this.#settings, this.#log);
    const admin = connection.kafka.admin();
    const close = (): void => {
      connection.close();
    };
    stop.addEventListener('abort', close, { once: true });
    try {
      await admin.connect();
      const { brokers } = await admin.describeCluster();
      const replication = replicationOn(brokers.length);
      await this.#createMissing(admin, replication);
      return await this.#trouble(admin, replication);
    } finally {
      stop.removeEventListener('abort', close);
      connection.close();
      admin.disconnect().catch(() => undefined);
    }
  }

  async #createMissing(admin: Admin, replication: Replication): Promise<void> {
    const existing = new Set(await admin.listTopics());
    const missing = this.#plans.filter(({ name }) => !existing.has(name));
    if (missing.length === 0) return;
    // Another replica may be faster; kafkajs answers false then, and the check below judges what is there.
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map((plan) => ({
        topic: plan.name,
        numPartitions: plan.partitions,
        replicationFactor: replication.factor,
        configEntries: Object.entries({
          ...plan.exactly,
          ...plan.atLeast,
          'min.insync.replicas': replication.minInSync,
        }).map(([name, value]) => ({ name, value: String(value) })),
      })),
    });
    this.#log.info('topics were created', { topics: missing.map(({ name }) => name) });
  }

  async #trouble(admin: Admin, replication: Replication): Promise<readonly string[]> {
    const names = this.#plans.map(({ name }) => name);
    const { topics } = await admin.fetchTopicMetadata({ topics: names });
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({ type: ConfigResourceTypes.TOPIC, name })),
    });
    return this.#plans.flatMap((plan) => {
      const partitions = topics.find(({ name }) => name === plan.name)?.partitions ?? [];
      const entries =
        resources.find(({ resourceName }) => resourceName === plan.name)?.configEntries ?? [];
      const found: TopicFound = {
        partitions: partitions.length,
        replicas: Math.min(...partitions.map(({ replicas }) => replicas.length)),
        settings: Object.fromEntries(
          entries.map(({ configName, configValue }) => [configName, configValue]),
        ),
      };
      return troubleOf(plan, found, replication);
    });
  }
}
