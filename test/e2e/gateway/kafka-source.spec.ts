// P3: bounded staleness; P4: nothing is lost, nothing is undone. A gateway against a real broker.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { readReceipt } from '../../../src/contract/read.js';
import type { Receipt } from '../../../src/contract/receipt.js';
import { signedBytes } from '../../../src/contract/signed-message.js';
import { HEADER } from '../../../src/contract/topics.js';
import { PublicKeys } from '../../../src/gateway/crypto/public-keys.js';
import { TokenMint } from '../../support/access-tokens.js';
import { eventually } from '../../support/eventually.js';
import { FakeService } from '../../support/fake-service.js';
import { kafkaBrokers, topicPrefix } from '../../support/kafka.js';
import { LiveTopic, type LiveTopicOptions } from '../../support/live-topic.js';
import { RunningGateway } from '../../support/running-gateway.js';
import { TopicWriter, type Written } from '../../support/topic-writer.js';
import type { Lease } from '../../../src/contract/lease.js';

const mint = new TokenMint();
const nowS = (): number => Math.floor(Date.now() / 1000);

let brokers: string;
const open: { close?(): Promise<void>; stop?(): Promise<void> }[] = [];

beforeAll(async () => {
  brokers = await kafkaBrokers();
}, 120_000);

afterEach(async () => {
  for (const thing of open.splice(0).reverse()) await (thing.stop?.() ?? thing.close?.());
});

afterAll(() => {
  expect(open).toEqual([]);
});

interface Scene {
  readonly topic: LiveTopic;
  readonly service: FakeService;
  gateway(): RunningGateway;
}

async function scene(options: LiveTopicOptions & { lease?: Partial<Lease> } = {}): Promise<Scene> {
  const topic = await LiveTopic.create(brokers, topicPrefix(), options);
  const service = await FakeService.start(topic.lease(options.lease));
  service.tokenKeys.push(mint.jwk);
  open.push(topic, service);
  return {
    topic,
    service,
    gateway: () => {
      const gateway = new RunningGateway({ brokers, service });
      open.push(gateway);
      return gateway;
    },
  };
}

/** An installation with watermarks under way, and a gateway that lets good tokens in. */
async function readyScene(
  options: Parameters<typeof scene>[0] = {},
): Promise<Scene & { running: RunningGateway }> {
  const made = await scene(options);
  await made.topic.begin();
  made.topic.beat();
  const running = made.gateway();
  await eventually(() => running.gateway.isReady);
  return { ...made, running };
}

describe('a gateway on a live topic', () => {
  it('denies a revoked user’s tokens, and nobody else’s', async () => {
    const { topic, running } = await readyScene({ partitions: 3 });
    const claims = mint.claims(nowS());
    const [token, other] = [mint.token(claims), mint.token(mint.claims(nowS()))];
    expect(running.outcome(token)).toBe('allow');
    await topic.send(2, [
      topic.writers[2]!.record({ scope: 'user', subject: claims.sub as string, generation: 2 }),
    ]);
    await eventually(() => running.outcome(token) === 'deny: revoked.user');
    expect(running.outcome(other)).toBe('allow');
    expect(running.seen('token.used-after-revoke')).toHaveLength(1);
  });

  it('knows after a cold start what was revoked before it', async () => {
    const { topic, gateway } = await scene({ partitions: 2 });
    const claims = mint.claims(nowS());
    const record = topic.writers[1]!.record({ subject: claims.sub as string, generation: 2 });
    await topic.begin();
    await topic.send(1, [record]);
    await topic.send(1, [topic.writers[1]!.watermark(Date.now(), [record])]);
    topic.beat();
    const running = gateway();
    await eventually(() => running.gateway.isReady);
    expect(running.outcome(mint.token(claims))).toBe('deny: revoked.user');
    expect(running.gateway.size).toBe(1);
  });

  it('is not ready before it has keys, a lease and a fresh view', async () => {
    const { topic, service, gateway } = await scene();
    service.status = 503;
    const running = gateway();
    await eventually(() => running.seen('lease.failed').length > 0);
    expect(running.outcome(mint.token(mint.claims(nowS())))).toBe('unsure: view.unloaded');
    service.status = null;
    await eventually(() => running.seen('lease.renewed').length > 0);
    expect(running.gateway.isReady).toBe(false);
    await topic.begin();
    await eventually(() => running.gateway.isReady);
    expect(running.outcome(mint.token(mint.claims(nowS())))).toBe('allow');
  });

  it.each(['heard', 'not heard', 'heard, and not answered'])(
    'lets nobody in once it has ended, and says so once: %s',
    async (fate) => {
      const { service, running } = await readyScene();
      const token = mint.token(mint.claims(nowS()));
      expect(running.outcome(token)).toBe('allow');
      if (fate === 'not heard') service.status = 503;
      service.cutsGoodbyes = fate !== 'heard';
      await running.stop();
      expect(running.outcome(token)).toBe('unsure: view.unloaded');
      expect(service.ended).toEqual(fate === 'not heard' ? [] : [service.requests[0]!.boot]);
      expect(running.seen('goodbye.failed')).toHaveLength(fate === 'heard' ? 0 : 1);
    },
  );

  it('finds a withheld record with the watermark that lists it, and mends when the record comes', async () => {
    const { topic, running } = await readyScene();
    await topic.pauseBeat();
    const [writer] = topic.writers;
    const claims = mint.claims(nowS());
    const withheld = writer!.record({ subject: claims.sub as string, generation: 2 });
    await topic.send(0, [writer!.watermark(Date.now(), [withheld])]);
    await eventually(() => running.state.startsWith('stale'));
    expect(running.outcome(mint.token(claims))).toBe('unsure: view.stale');
    await topic.send(0, [withheld]);
    await topic.send(0, [writer!.watermark(Date.now())]);
    await eventually(() => running.state === 'fresh');
    expect(running.outcome(mint.token(claims))).toBe('deny: revoked.user');
  });

  it('mends a chain whose watermarks come in the wrong order', async () => {
    const { topic, running } = await readyScene();
    await topic.pauseBeat();
    const [writer] = topic.writers;
    const [one, two] = [writer!.watermark(Date.now()), writer!.watermark(Date.now())];
    await topic.send(0, [two]);
    await eventually(() => running.state === 'stale: incomplete');
    await topic.send(0, [one]);
    await eventually(() => running.state === 'fresh');
  });

  it('stays stale on a broken chain, and says so, as often as it looks', async () => {
    const { topic, running } = await readyScene();
    await topic.pauseBeat();
    const [writer] = topic.writers;
    await topic.send(0, [writer!.watermark(Date.now(), [], { prev: 'another history' })]);
    topic.beat();
    await eventually(() => running.seen('source.sought').length >= 2);
    expect(running.state).toMatch(/^stale/);
    expect(running.events).toContainEqual({ kind: 'view.alarm', alarm: 'conflict', partition: 0 });
  });

  it('believes nobody whose key it does not know, and is not disturbed by him', async () => {
    const { topic, running } = await readyScene();
    const forger = new TopicWriter({
      installation: topic.installation,
      topic: topic.topics.revocations,
    });
    const claims = mint.claims(nowS());
    const forged = forger.record({ subject: claims.sub as string, generation: 9 });
    await topic.send(0, [forged, forger.watermark(Date.now() + 60_000, [forged])]);
    await eventually(() => running.seen('messages.refused').length > 0);
    expect(running.outcome(mint.token(claims))).toBe('allow');
    expect(running.state).toBe('fresh');
  });

  it('ignores what an older epoch says', async () => {
    const { topic, running } = await readyScene();
    await topic.pauseBeat();
    const [writer] = topic.writers;
    writer!.epoch = 3;
    await topic.send(0, [writer!.watermark(Date.now())]);
    writer!.epoch = 2;
    await topic.send(0, [writer!.watermark(Date.now())]);
    await eventually(() =>
      running.events.some((event) => event.kind === 'view.alarm' && event.alarm === 'outdated'),
    );
  });

  it('does not believe a time that has not come', async () => {
    const { topic, running } = await readyScene();
    await topic.pauseBeat();
    await topic.send(0, [topic.writers[0]!.watermark(Date.now() + 60_000)]);
    await eventually(() => running.state === 'unusable');
    expect(running.outcome(mint.token(mint.claims(nowS())))).toBe('unsure: view.unusable');
    await topic.send(0, [topic.writers[0]!.watermark(Date.now())]);
    await eventually(() => running.state === 'fresh');
  });

  it('grows stale when no watermark comes, and fresh again with the next', async () => {
    const { topic, running } = await readyScene({ lease: { staleness_ms: 1_500 } });
    await topic.pauseBeat();
    await eventually(() => running.state === 'stale: old');
    expect(running.outcome(mint.token(mint.claims(nowS())))).toBe('unsure: view.stale');
    topic.beat();
    await eventually(() => running.state === 'fresh');
  });

  it('goes on where the log goes on, when what it has read is trimmed away', async () => {
    const { topic, running } = await readyScene();
    await topic.pauseBeat();
    const leave = async (): Promise<void> => {
      const claims = mint.claims(nowS());
      const record = topic.writers[0]!.record({ subject: claims.sub as string, generation: 2 });
      await topic.send(0, [record]);
      await topic.send(0, [topic.writers[0]!.watermark(Date.now(), [record])]);
      await eventually(() => running.outcome(mint.token(claims)) === 'deny: revoked.user');
      await eventually(() => running.state === 'fresh');
    };
    await leave();
    await topic.trim(0, '-1');
    await leave();
    expect(running.seen('source.sought')).toEqual([]);
  });
});

describe('a cold start', () => {
  const window = { window_s: 61, max_ttl_s: 60, staleness_ms: 5_000 };

  /** Writes what the service wrote in the past, one watermark a second. */
  async function writeThePast(topic: LiveTopic, fromMs: number, toMs: number): Promise<void> {
    const [writer] = topic.writers;
    const [written, timestamps]: [Written[], number[]] = [[], []];
    for (let t = fromMs; t <= toMs; t += 1_000) {
      const record = writer!.record({ revoked_at: new Date(t - 500).toISOString() });
      written.push(record, writer!.watermark(t, [record]));
      timestamps.push(t - 500, t);
    }
    await topic.send(0, written, timestamps);
  }

  it('reads no further back than it must', async () => {
    const { topic, gateway } = await scene({ timestamps: 'CreateTime', lease: window });
    const now = Date.now();
    await writeThePast(topic, now - 120_000, now);
    topic.beat();
    const running = gateway();
    await eventually(() => running.gateway.isReady);
    expect(running.seen('source.sought')).toEqual([]);
    expect(running.gateway.size).toBeLessThan(90);
  });

  it('seeks further back when the service was silent where it looked first', async () => {
    const { topic, gateway } = await scene({ timestamps: 'CreateTime', lease: window });
    const now = Date.now();
    await writeThePast(topic, now - 300_000, now - 280_000);
    await writeThePast(topic, now - 5_000, now);
    topic.beat();
    const running = gateway();
    await eventually(() => running.gateway.isReady);
    expect(running.events).toContainEqual({ kind: 'source.sought', partition: 0, why: 'young' });
  });

  it('waits when the log does not reach back far enough', async () => {
    const { topic, gateway } = await scene({ timestamps: 'CreateTime', lease: window });
    const now = Date.now();
    await writeThePast(topic, now - 50_000, now);
    await topic.trim(0, '10');
    topic.beat();
    const running = gateway();
    await eventually(() => running.gateway.size > 40);
    expect(running.gateway.isReady).toBe(false);
    expect(running.state).toBe('unloaded');
  });
});

describe('receipts', () => {
  it('tell, signed by the process, what has been applied and how far', async () => {
    const { topic, service, running } = await readyScene();
    const record = topic.writers[0]!.record();
    await topic.send(0, [record]);
    await eventually(() => running.gateway.size === 1);
    const receipts: Receipt[] = [];
    const keys = new PublicKeys({ keys: service.requests.map((request) => request.public_key) });
    await topic.readReceipts((value, headers) => {
      const signed = keys.verify(
        headers[HEADER.kid]!,
        signedBytes('receipt', value),
        Buffer.from(headers[HEADER.signature]!, 'base64url'),
      );
      expect([headers[HEADER.type], signed]).toEqual(['receipt', true]);
      const receipt = readReceipt(value.toString());
      receipts.push(receipt);
      return receipt.applied.includes(record.digest);
    });
    const last = receipts.at(-1)!;
    expect(last.gateway).toBe(service.lease.id);
    expect(last.boot).toBe(service.requests[0]!.boot);
    expect(last.partitions).toMatchObject([{ partition: 0 }]);
    expect(receipts.flatMap(({ applied }) => applied)).toEqual([record.digest]);
  });

  it('do not repeat what was revoked before the start: the watermark says it', async () => {
    const { topic, gateway } = await scene();
    const [writer] = topic.writers;
    const record = writer!.record();
    await topic.begin();
    await topic.send(0, [record]);
    const covering = writer!.watermark(Date.now(), [record]);
    await topic.send(0, [covering]);
    topic.beat();
    const running = gateway();
    await eventually(() => running.gateway.isReady);
    const receipts: Receipt[] = [];
    await topic.readReceipts((value) => {
      receipts.push(readReceipt(value.toString()));
      return (receipts.at(-1)!.partitions[0]?.seq ?? -1) >= covering.watermark.seq;
    });
    expect(receipts.flatMap(({ applied }) => applied)).toEqual([]);
  });
});
