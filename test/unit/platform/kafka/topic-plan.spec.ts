// P4: a topic that could lose or compact records gets none.
import { describe, expect, it } from '@jest/globals';
import { topicsWith } from '../../../../src/contract/topics.js';
import { topicPlans } from '../../../../src/outbox/topic-plans.js';
import {
  replicationOn,
  troubleOf,
  type TopicFound,
} from '../../../../src/platform/kafka/topic-plan.js';

const [plan] = topicPlans(topicsWith(''), 3);
const right: TopicFound = {
  partitions: 3,
  replicas: 3,
  settings: {
    'cleanup.policy': 'delete',
    'message.timestamp.type': 'LogAppendTime',
    'unclean.leader.election.enable': 'false',
    'retention.bytes': '-1',
    'retention.ms': '604800000',
    'max.message.bytes': '1048588',
    'min.insync.replicas': '2',
  },
};
const withSetting = (name: string, value: string): TopicFound => ({
  ...right,
  settings: { ...right.settings, [name]: value },
});

it.each([
  [1, { factor: 1, minInSync: 1 }],
  [2, { factor: 1, minInSync: 1 }],
  [3, { factor: 3, minInSync: 2 }],
  [9, { factor: 3, minInSync: 2 }],
])('on %d brokers replicates as the cluster allows', (brokers, replication) => {
  expect(replicationOn(brokers)).toEqual(replication);
});

describe('a topic', () => {
  it('as planned, or better, is right', () => {
    for (const found of [
      right,
      withSetting('retention.ms', '-1'),
      withSetting('min.insync.replicas', '3'),
    ])
      expect(troubleOf(plan!, found, replicationOn(3))).toEqual([]);
  });

  it.each<[string, TopicFound]>([
    ['cleanup.policy is compact, must be delete', withSetting('cleanup.policy', 'compact')],
    [
      'cleanup.policy is compact,delete, must be delete',
      withSetting('cleanup.policy', 'compact,delete'),
    ],
    ['retention.ms is 3600000, must be at least 604800000', withSetting('retention.ms', '3600000')],
    ['retention.bytes is 1000, must be -1', withSetting('retention.bytes', '1000')],
    ['min.insync.replicas is 1, needs 2', withSetting('min.insync.replicas', '1')],
    [
      'unclean.leader.election.enable is true, must be false',
      withSetting('unclean.leader.election.enable', 'true'),
    ],
    [
      'message.timestamp.type is CreateTime, must be LogAppendTime',
      withSetting('message.timestamp.type', 'CreateTime'),
    ],
    ['has 2 partitions, needs 3', { ...right, partitions: 2 }],
    ['has 1 replicas, needs 3', { ...right, replicas: 1 }],
  ])('is wrong when it %s', (sentence, found) => {
    expect(troubleOf(plan!, found, replicationOn(3))).toEqual([`${plan!.name}: ${sentence}`]);
  });

  it('whose settings cannot be seen is wrong', () => {
    expect(troubleOf(plan!, { ...right, settings: {} }, replicationOn(3))).toHaveLength(7);
  });
});
