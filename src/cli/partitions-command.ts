import { topicsWith } from '../contract/topics.js';
import { DomainError } from '../kernel/domain-error.js';
import { RaisedPartitions } from '../outbox/raised-partitions.js';
import { sha256 } from '../platform/crypto/sha256.js';
import { growTopic } from '../platform/kafka/grow-topic.js';
import { pause } from '../platform/time/pause.js';
import { besideService } from './beside-service.js';

/** A head waits for its broker ack for milliseconds; a busy moment is waited out. */
const ATTEMPTS = 20;
const BETWEEN_MS = 250;
const NEVER = new AbortController().signal;

/**
 * `offswitch partitions COUNT`: more partitions for the revocations topic, while everything runs.
 *
 * @returns the exit code
 */
export function partitionsCommand([count]: readonly string[]): Promise<number> {
  if (!/^\d{1,4}$/.test(count ?? '')) {
    process.stderr.write('offswitch partitions COUNT: COUNT is a whole number, 1 to 1000\n');
    return Promise.resolve(2);
  }
  const wanted = Number(count);
  return besideService(async ({ config, settled, log, ...parts }) => {
    const topic = topicsWith(config.topicPrefix).revocations;
    const raised = new RaisedPartitions({
      ...parts,
      installation: parts.installation.id,
      hash: sha256,
    });
    // First the topic: a chain on a partition that the broker does not have could not be sent.
    if (Number.isSafeInteger(wanted) && wanted > parts.installation.partitions)
      await growTopic(
        { ...settled.kafka, clientId: 'offswitch' },
        { name: topic, count: wanted },
        log,
      );
    const before = await patiently(() => raised.raise(wanted, { type: 'service', id: 'cli' }));
    console.log(
      `${topic}: ${wanted} partitions instead of ${before}. Gateways follow with their next lease; ` +
        'restart the replicas of the service, so that they use the new ones.',
    );
    return 0;
  });
}

async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await work();
    } catch (error) {
      const isBusy = error instanceof DomainError && error.code === 'store.unavailable';
      if (!isBusy || attempt === ATTEMPTS) throw error;
      await pause(BETWEEN_MS, NEVER);
    }
}
