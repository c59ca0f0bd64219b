import type { Topics } from '../contract/topics.js';
import type { TopicPlan } from '../platform/kafka/topic-plan.js';

const DAY_MS = 86_400_000;

/** A full watermark and a full request of records fit with room to spare; Kafka's own default is 1,048,588. */
const LARGEST_BATCH_BYTES = 524_288;

/**
 * How the topics must be (design: Kafka). Never `compact`: compaction keeps the last offset of a key, not its
 * largest generation.
 */
export function topicPlans(topics: Topics, partitions: number): readonly TopicPlan[] {
  const kept = (name: string, days: number): TopicPlan => ({
    name,
    partitions,
    exactly: {
      'cleanup.policy': 'delete',
      'message.timestamp.type': 'LogAppendTime',
      // What was acknowledged by all in-sync replicas is not given up for a replica that missed it.
      'unclean.leader.election.enable': 'false',
      // Only time ends a message: by size, many leavers at once would push each other out.
      'retention.bytes': '-1',
    },
    atLeast: { 'retention.ms': days * DAY_MS, 'max.message.bytes': LARGEST_BATCH_BYTES },
  });
  return [kept(topics.revocations, 7), kept(topics.events, 30), kept(topics.receipts, 7)];
}
