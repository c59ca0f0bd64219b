import type { Log } from '../log/log.js';
import { farewell } from './farewell.js';
import { KafkaConnection } from './kafka-connection.js';
import type { KafkaSettings } from './kafka-settings.js';

/**
 * Gives a topic at least `count` partitions; one that has more keeps them.
 *
 * @throws Error when the cluster cannot be asked or refuses
 */
export async function growTopic(
  settings: KafkaSettings,
  topic: { readonly name: string; readonly count: number },
  log: Log,
): Promise<void> {
  const connection = new KafkaConnection(settings, log);
  const admin = connection.kafka.admin();
  try {
    await admin.connect();
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic.name] });
    const has = topics[0]?.partitions.length ?? 0;
    if (has >= topic.count) return;
    await admin.createPartitions({
      topicPartitions: [{ topic: topic.name, count: topic.count }],
    });
  } finally {
    await farewell(admin);
    connection.close();
  }
}
