// P3: bounded staleness; P4: nothing is lost. A gateway whose broker dies, freezes, or is cut off.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { TokenMint } from '../../support/access-tokens.js';
import { eventually } from '../../support/eventually.js';
import { FakeService } from '../../support/fake-service.js';
import { topicPrefix } from '../../support/kafka.js';
import { LiveTopic } from '../../support/live-topic.js';
import { privateKafka, type PrivateKafka } from '../../support/private-servers.js';
import { RunningGateway } from '../../support/running-gateway.js';

const LONG = 120_000;
const mint = new TokenMint();
const nowS = (): number => Math.floor(Date.now() / 1000);

let kafka: PrivateKafka;
let topic: LiveTopic;
let service: FakeService;
let running: RunningGateway;

beforeAll(async () => {
  kafka = await privateKafka();
}, LONG);

afterAll(async () => {
  await kafka.stop();
}, LONG);

beforeEach(async () => {
  topic = await LiveTopic.create(kafka.address, topicPrefix(), { partitions: 3 });
  service = await FakeService.start(topic.lease({ staleness_ms: 5_000 }));
  service.tokenKeys.push(mint.jwk);
  await topic.begin();
  topic.beat();
  running = new RunningGateway({ brokers: kafka.address, service });
  await eventually(() => running.gateway.isReady);
}, LONG);

afterEach(async () => {
  await running.stop();
  await topic.close();
  await service.stop();
}, LONG);

/** Somebody leaves, and the gateway hears of it. */
async function someoneLeaves(): Promise<void> {
  const claims = mint.claims(nowS());
  const record = topic.writers[1]!.record({ subject: claims.sub as string, generation: 2 });
  await topic.send(1, [record]);
  await eventually(() => running.outcome(mint.token(claims)) === 'deny: revoked.user');
}

describe('a gateway whose broker', () => {
  it(
    'was killed and came back is stale meanwhile, and then goes on by itself',
    async () => {
      await topic.pauseBeat();
      await kafka.kill();
      await eventually(() => running.state === 'stale: old');
      expect(running.outcome(mint.token(mint.claims(nowS())))).toBe('unsure: view.stale');
      await kafka.restart();
      topic.beat();
      await eventually(() => running.state === 'fresh');
      await someoneLeaves();
    },
    LONG,
  );

  it(
    'froze is stale meanwhile, and hears what was sent before it thawed',
    async () => {
      await topic.pauseBeat();
      kafka.freeze();
      await eventually(() => running.state === 'stale: old');
      kafka.thaw();
      topic.beat();
      await eventually(() => running.state === 'fresh');
      await someoneLeaves();
    },
    LONG,
  );

  it(
    'froze for longer than its patience finds it again',
    async () => {
      await topic.pauseBeat();
      kafka.freeze();
      await eventually(() => running.seen('source.failed').length > 0);
      kafka.thaw();
      topic.beat();
      await eventually(() => running.state === 'fresh');
      await someoneLeaves();
    },
    LONG,
  );

  it(
    'resets its connections again and again is not lost',
    async () => {
      for (let i = 0; i < 5; i += 1) {
        kafka.proxy.reset();
        await topic.pauseBeat();
        topic.beat();
        await someoneLeaves();
      }
      await eventually(() => running.state === 'fresh');
    },
    LONG,
  );

  it(
    'cannot be reached and answers nobody ends when it is told to',
    async () => {
      await topic.pauseBeat();
      kafka.proxy.silence();
      await eventually(() => running.state === 'stale: old');
      await running.stop();
      kafka.proxy.heal();
    },
    LONG,
  );

  it(
    'is there last of all starts all the same',
    async () => {
      await topic.pauseBeat();
      kafka.proxy.cut();
      const late = new RunningGateway({ brokers: kafka.address, service });
      await eventually(() => late.seen('source.failed').length >= 2);
      expect(late.state).toBe('unloaded');
      kafka.proxy.heal();
      topic.beat();
      await eventually(() => late.gateway.isReady);
      await late.stop();
    },
    LONG,
  );
});
