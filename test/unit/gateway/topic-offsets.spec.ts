// P3: bounded staleness; who must ask the brokers where to read on can ask at any time, and holds no connection otherwise.
import { describe, expect, it } from '@jest/globals';
import type { Kafka } from 'kafkajs';
import { TopicOffsets } from '../../../src/gateway/sources/kafka/topic-offsets.js';

/** Brokers that count who is connected. */
class CountingKafka {
  connected = 0;
  connections = 0;
  refuses = false;
  hangs = false;

  admin() {
    return {
      connect: () => {
        if (this.refuses) return Promise.reject(new Error('nobody is there'));
        this.connected += 1;
        this.connections += 1;
        return Promise.resolve();
      },
      disconnect: () => {
        if (this.hangs) return new Promise<never>(() => undefined);
        this.connected -= 1;
        return Promise.resolve();
      },
      fetchTopicOffsets: () =>
        Promise.resolve([{ partition: 1, low: '3', high: '9', offset: '9' }]),
      fetchTopicOffsetsByTimestamp: () => Promise.resolve([{ partition: 1, offset: '5' }]),
    };
  }
}

const scene = (): { readonly kafka: CountingKafka; readonly offsets: TopicOffsets } => {
  const kafka = new CountingKafka();
  return { kafka, offsets: new TopicOffsets(kafka as unknown as Kafka, 't') };
};

describe('the offsets of a topic', () => {
  it('are asked for over one connection, which is let go when nobody has asked for a while', async () => {
    const { kafka, offsets } = scene();
    expect(kafka.connections).toBe(0);
    expect(await offsets.since(1, 0)).toBe(5n);
    expect(await offsets.ends(1)).toEqual({ low: 3n, high: 9n });
    offsets.rest();
    expect([kafka.connected, kafka.connections]).toEqual([1, 1]);
    offsets.rest();
    expect(kafka.connected).toBe(0);
    expect(await offsets.since(1, 0)).toBe(5n);
    expect([kafka.connected, kafka.connections]).toEqual([1, 2]);
    await offsets.close();
    expect(kafka.connected).toBe(0);
  });

  it('of a partition that is not there are an error', async () => {
    const { offsets } = scene();
    await expect(offsets.ends(0)).rejects.toThrow('no partition 0');
    await expect(offsets.since(2, 0)).rejects.toThrow('no partition 2');
  });

  it('are asked for anew when a broker was away, or keeps a goodbye waiting', async () => {
    const { kafka, offsets } = scene();
    kafka.refuses = true;
    await expect(offsets.ends(1)).rejects.toThrow('nobody is there');
    offsets.rest();
    kafka.refuses = false;
    kafka.hangs = true;
    offsets.rest();
    expect(await offsets.ends(1)).toEqual({ low: 3n, high: 9n });
  });
});
