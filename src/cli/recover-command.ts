import { parseArgs } from 'node:util';
import type { Actor } from '../audit/index.js';
import { PostgresCases } from '../cases/postgres-cases.js';
import { topicsWith } from '../contract/topics.js';
import { Heart } from '../deprovision/heart.js';
import { Recovery, type Recovered } from '../deprovision/recovery.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId } from '../kernel/ids.js';
import { readLink } from '../outbox/domain/watermarks.js';
import { RevocationPublisher, TopicMemory } from '../outbox/index.js';
import { listHeads } from '../outbox/postgres/heads.js';
import { SystemClock } from '../platform/clock/system-clock.js';
import { RecordKeys } from '../platform/crypto/key-ring.js';
import type { PrivateJwks } from '../platform/crypto/private-jwks.js';
import { sha256 } from '../platform/crypto/sha256.js';
import { readLog } from '../platform/kafka/read-log.js';
import { besideService, type Beside } from './beside-service.js';

const ACTOR: Actor = { type: 'service', id: 'recover' };
const NEVER = new AbortController().signal;

/**
 * `offswitch recover [--revoke-all]`: after a restore or a failover that may have lost what was acknowledged.
 *
 * @returns the exit code
 * @throws DomainError, ConfigRefused, Error when Kafka is lost meanwhile: nothing has happened then
 */
export function recoverCommand(parameters: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...parameters],
    options: { 'revoke-all': { type: 'boolean' } },
  });
  return besideService(async (beside) => {
    const { memory, gaps } = await remember(beside);
    if (gaps.length > 0 && values['revoke-all'] !== true) {
      console.error(
        `The topic does not reach back to this copy of the database (partitions ${gaps.join(', ')}): revocations ` +
          'between the two cannot be found. `offswitch recover --revoke-all` ends every token of every organization.',
      );
      return 1;
    }
    const recovered = await new Recovery({
      ...beside,
      cases: new PostgresCases(),
      installation: beside.installation.id,
      hash: sha256,
    }).recover(memory, ACTOR);
    if (values['revoke-all'] === true) await revokeAll(beside, recovered);
    tell(recovered, values['revoke-all'] === true);
    return 0;
  });
}

/** Everything that the topic still says, and the partitions of which it says too little. */
async function remember({
  config,
  settled,
  transactions,
  installation,
  log,
}: Beside): Promise<{ readonly memory: TopicMemory; readonly gaps: readonly number[] }> {
  const topic = topicsWith(config.topicPrefix).revocations;
  const keys = new RecordKeys(JSON.parse(settled.secrets.recordKeys.reveal()) as PrivateJwks);
  const memory = new TopicMemory({
    installation: installation.id,
    topic,
    verify: keys.verify,
    hash: sha256,
  });
  const ends = await readLog(
    { ...settled.kafka, clientId: 'offswitch' },
    { topic, last: 'all', take: memory.take.bind(memory) },
    { log, stop: NEVER },
  );
  const heads = await transactions.read('background', listHeads);
  const gaps = heads
    .filter((head) => !memory.reachesBack(head.partition, new Date(readLink(head).t), ends))
    .map(({ partition }) => partition);
  return { memory, gaps };
}

/** Where nobody can say what is missing, everybody enrols again. */
async function revokeAll(beside: Beside, { epoch, rosters }: Recovered): Promise<void> {
  const { transactions, installation } = beside;
  const clock = new SystemClock();
  const heart = new Heart({
    atOnce: 1,
    transactions,
    publisher: new LeftToTheSweeper(),
    press: { hash: sha256, partitions: installation.partitions, epoch },
    clock,
    setFailed: () => undefined,
  });
  for (const organization of rosters) {
    const order = { scope: 'org', id: organization, kind: 'incident', hold: false } as const;
    const around = { organization, actor: ACTOR, requestId: newId(), receivedAt: clock.now() };
    const made = await heart.revokeSubject({ ...order, ...around, reason: 'recovery' });
    if (made === null) throw new DomainError('organization.unknown');
  }
}

/** The service that starts next finds the records in the queue. */
class LeftToTheSweeper extends RevocationPublisher {
  override offer(): void {
    // Nothing is sent from here.
  }
}

function tell({ epoch, chains, records, subjects, rosters }: Recovered, all: boolean): void {
  const held = subjects.filter(({ scope }) => scope === 'user' || scope === 'device').length;
  const lines = [
    `Epoch ${epoch} begins. From the topic: ${records} records, the end of ${chains} chains.`,
    `${subjects.length} subjects were raised to what the topic knew; ${held} people and devices are held (recovery).`,
    ...(all ? ['Every token of every organization has ended.'] : []),
    `${rosters.length} organizations: let their IdPs provision everybody again, then confirm each roster (docs/operations.md).`,
    'Start the service again.',
  ];
  for (const line of lines) console.log(line);
}
