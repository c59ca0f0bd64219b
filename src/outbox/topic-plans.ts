import type { Topics } from '../contract/topics.js';
import type { TopicPlan } from '../platform/kafka/topic-plan.js';

const DAY_MS = 86_400_000;

/**
 * How the topics must be (design: Kafka). Never `compact`: compaction keeps the last offset of a key, not its
 * largest generation.
 */
export function topicPlans(topics: Topics, partitions: number): readonly TopicPlan[] {
  const kept = (name: string, days: number): TopicPlan => ({
    name,
    partitions,
    exactly: { 'cleanup.policy': 'delete', 'message.timestamp.type': 'LogAppendTime' },
    atLeast: { 'retention.ms': days * DAY_MS },
  });
  return [kept(topics.revocations, 7), kept(topics.events, 30), kept(topics.receipts, 7)];
}
