import type { Hash, Verify } from '../contract/crypto-types.js';
import type { Transactions } from '../kernel/tx.js';
import type { KafkaSettings } from '../platform/kafka/kafka-settings.js';
import { readLog } from '../platform/kafka/read-log.js';
import type { Log } from '../platform/log/log.js';
import { readLink } from './domain/watermarks.js';
import { listHeads } from './postgres/heads.js';
import { isNewer, TopicMemory } from './topic-memory.js';

export interface CheckParts {
  readonly transactions: Transactions;
  readonly kafka: KafkaSettings;
  readonly topic: string;
  readonly installation: string;
  readonly verify: Verify;
  readonly hash: Hash;
  readonly log: Log;
}

/** A watermark comes each second: one is among the last of these, unless many left at once. */
const LAST = [2_000, 100_000, 'all'] as const;

/**
 * Whether the topic has heard more than the database knows: a database that was restored from an older copy of its
 * own files has the same identity and cannot tell by itself.
 *
 * @returns why the database must be recovered; null when it knows every chain to its end
 * @throws Error when the cluster is lost meanwhile
 */
export async function findForgotten(parts: CheckParts, stop: AbortSignal): Promise<string | null> {
  const memory = await rememberEnds(parts, stop);
  // The database moves before the topic: what it has now is at least what the topic had then.
  const stored = await parts.transactions.read('background', listHeads);
  for (const { partition, watermark, digest } of memory.heads.values()) {
    const head = stored.find((one) => one.partition === partition);
    const told = `the topic has watermark ${watermark.seq} of partition ${partition} (epoch ${watermark.epoch})`;
    if (head === undefined) return `${told}, and the database has no such chain`;
    const known = readLink(head);
    const isFork = known.seq === watermark.seq && known.epoch === watermark.epoch;
    if (isNewer(watermark, known) || (isFork && head.digest !== digest))
      return `${told}, and the database has ${known.seq} (epoch ${known.epoch})`;
  }
  return null;
}

async function rememberEnds(parts: CheckParts, stop: AbortSignal): Promise<TopicMemory> {
  const { kafka, topic, log } = parts;
  let memory = new TopicMemory(parts);
  for (const last of LAST) {
    memory = new TopicMemory(parts);
    const reading = { topic, last, take: memory.take.bind(memory) };
    const ends = await readLog(kafka, reading, { log, stop });
    const isFound = ({ partition, low, high }: (typeof ends)[number]): boolean =>
      memory.heads.has(partition) || high === low;
    if (ends.every(isFound)) break;
  }
  return memory;
}
