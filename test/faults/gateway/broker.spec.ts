// P3: bounded staleness; P4: nothing is lost. A gateway whose broker dies, freezes, or is cut off.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newId } from '../../../src/kernel/ids.js';
import { TokenMint } from '../../support/access-tokens.js';
import { eventually } from '../../support/eventually.js';
import { FakeService } from '../../support/fake-service.js';
import { topicPrefix } from '../../support/kafka.js';
import { LiveTopic } from '../../support/live-topic.js';
import { privateKafka, type PrivateKafka } from '../../support/private-servers.js';
import { startProgram } from '../../support/processes.js';
import { RunningGateway } from '../../support/running-gateway.js';
import { LoggingProcess } from '../../support/service-process.js';
import { withholdRecord } from '../../support/withheld-record.js';

const LONG = 120_000;
const STALENESS_MS = 5_000;
const mint = new TokenMint();
const nowS = (): number => Math.floor(Date.now() / 1000);

type Sub = ReturnType<TokenMint['claims']>;

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
  service = await FakeService.start(topic.lease({ staleness_ms: STALENESS_MS }));
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

  it(
    'has its topic deleted and made anew lets nobody in again who has left',
    async () => {
      const [left, leaving] = [mint.claims(nowS()), mint.claims(nowS())];
      const leave = (claims: typeof left) =>
        topic.send(1, [topic.writers[1]!.record({ subject: claims.sub as string, generation: 2 })]);
      const seen = new Set<string>();
      const look = (claims: typeof left): string => {
        const outcome = running.outcome(mint.token(claims));
        if (claims === left) seen.add(outcome);
        return outcome;
      };
      await leave(left);
      await eventually(() => running.outcome(mint.token(left)) === 'deny: revoked.user');
      await topic.pauseBeat();
      await topic.recreate();
      await eventually(() => look(left) !== 'allow' && running.state !== 'fresh');
      // The chains go on where they were: what the service knows is not what the topic forgot.
      topic.beat();
      await eventually(() => {
        look(left);
        return running.seen('source.sought').length + running.seen('source.failed').length > 0;
      });
      await leave(leaving);
      await eventually(() => look(leaving) === 'deny: revoked.user' && look(left) !== 'allow');
      expect([...seen]).toEqual(['deny: revoked.user']);
    },
    LONG,
  );

  it(
    'is bent so that one record cannot be read finds it by the watermark, says so, and has it from the service',
    async () => {
      const both = new RunningGateway({ brokers: kafka.address, service, source: 'chained' });
      try {
        await eventually(() => both.gateway.isReady);
        const claims = mint.claims(nowS());
        const token = mint.token(claims);
        const writer = topic.writers[1]!;
        const record = writer.record({ subject: claims.sub as string, generation: 2 });
        kafka.proxy.bend(`"subject":"${String(claims.sub)}"`, `"subject":"${newId()}"`);
        await topic.pauseBeat();
        await topic.send(1, [record]);
        await topic.send(1, [writer.watermark(Date.now(), [record])]);
        topic.beat();
        // Whoever knows that something is missing does not decide; whoever knows what it is, denies.
        await eventually(() => both.outcome(token).startsWith('unsure'));
        expect(both.seen('messages.refused')).not.toEqual([]);
        expect(both.seen('record.repaired')).toEqual([]);
        service.records.set(record.digest, record);
        await eventually(() => both.outcome(token) === 'deny: revoked.user');
        expect(both.seen('record.repaired')).toEqual([
          { kind: 'record.repaired', digest: record.digest },
        ]);
        await eventually(() => both.outcome(mint.token(mint.claims(nowS()))) === 'allow');
      } finally {
        kafka.proxy.heal();
        await both.stop();
      }
    },
    LONG,
  );

  it.each(['alone in its batch', 'from the midst of a batch'] as const)(
    'withholds a record %s finds it by the watermark within S, and has it from the service',
    async (where) => {
      const follow = (source: 'chained' | 'kafka with repairs') =>
        new RunningGateway({ brokers: kafka.address, service, source });
      const healing = [follow('chained'), follow('kafka with repairs')];
      try {
        await eventually(() => healing.every(({ gateway }) => gateway.isReady));
        const [first, leaver, last] = [0, 1, 2].map(() => mint.claims(nowS())) as [Sub, Sub, Sub];
        const writer = topic.writers[1]!;
        const records = [first, leaver, last].map(({ sub }) =>
          writer.record({ subject: sub as string, generation: 2 }),
        );
        const record = records[1]!;
        const withheld = Buffer.from(`"subject":"${leaver.sub as string}"`);
        let times = 0;
        const all = [running, ...healing];
        kafka.proxy.edit((reply) => (times += Number(withholdRecord(reply, withheld))));
        const outcomes = (claims: Sub) => all.map((one) => one.outcome(mint.token(claims)));
        await eventually(() => outcomes(leaver).every((outcome) => outcome === 'allow'));
        await topic.pauseBeat();
        if (where === 'alone in its batch') for (const one of records) await topic.send(1, [one]);
        else await topic.send(1, records);
        const ackedAtMs = performance.now();
        await topic.send(1, [writer.watermark(Date.now(), records)]);
        topic.beat();
        await eventually(() => {
          const said = outcomes(leaver);
          if (performance.now() - ackedAtMs > STALENESS_MS) expect(said).not.toContain('allow');
          return said.every((outcome) => outcome.startsWith('unsure'));
        });
        // It is what the chain lacks that they know of, and not an old view.
        await eventually(() => all.every((one) => one.state === 'stale: incomplete'));
        // Nothing was wrong with what came, and what stood beside it in the log is known.
        expect(times).toBeGreaterThan(0);
        for (const one of [first, last])
          await eventually(() => outcomes(one).every((said) => said === 'deny: revoked.user'));
        for (const one of all) expect(one.seen('messages.refused')).toEqual([]);
        expect(healing.flatMap((one) => one.seen('record.repaired'))).toEqual([]);
        service.records.set(record.digest, record);
        await eventually(() =>
          healing.every((one) => one.outcome(mint.token(leaver)) === 'deny: revoked.user'),
        );
        const other = mint.token(mint.claims(nowS()));
        await eventually(() => healing.every((one) => one.outcome(other) === 'allow'));
        // Who has no other way stays as careful as it was.
        expect(running.outcome(mint.token(leaver))).toBe('unsure: view.stale');
      } finally {
        kafka.proxy.heal();
        await Promise.all(healing.map((one) => one.stop()));
      }
    },
    LONG,
  );
});

describe('a gateway that stands still', () => {
  it(
    'for longer than S lets nobody in when it goes on, before it has heard what happened meanwhile',
    async () => {
      const home = await mkdtemp(join(tmpdir(), 'offswitch-paused-'));
      const gateway = new LoggingProcess(
        startProgram(
          ['src/cli/offswitch.ts', 'gateway', '--listen', '127.0.0.1:0', '--source', 'kafka'],
          {
            env: {
              ...process.env,
              OFFSWITCH_URL: service.url,
              OFFSWITCH_GATEWAY_KEY: service.key,
              KAFKA_BROKERS: kafka.address,
              OFFSWITCH_HOME: home,
              OFFSWITCH_KEEP_VIEW_S: '0',
            },
          },
        ),
      );
      try {
        const url = String((await gateway.says('the gateway listens'))['url']);
        const status = async (token: string): Promise<number> => {
          const headers = { authorization: `Bearer ${token}`, connection: 'close' };
          return (await fetch(`${url}/authz`, { headers })).status;
        };
        const claims = mint.claims(nowS());
        const [leaver, other] = [mint.token(claims), mint.token(mint.claims(nowS()))];
        await eventually(async () => (await status(leaver)) === 200);
        gateway.freeze();
        const frozenAtMs = performance.now();
        await topic.send(1, [
          topic.writers[1]!.record({ subject: claims.sub as string, generation: 2 }),
        ]);
        await eventually(() => performance.now() - frozenAtMs > STALENESS_MS);
        // What lies in its sockets already may be heard at once; nothing newer comes until the wire is good again.
        await topic.pauseBeat();
        kafka.proxy.silence();
        const asked = [leaver, other, leaver, other].map((token) => status(token));
        gateway.thaw();
        const answers = await Promise.all(asked);
        expect(answers.filter((answer) => answer === 200)).toEqual([]);
        expect(answers).toContain(503);
        kafka.proxy.heal();
        topic.beat();
        await eventually(async () => (await status(other)) === 200);
        expect(await status(leaver)).toBe(401);
      } finally {
        gateway.thaw();
        kafka.proxy.heal();
        await gateway.stop();
        await rm(home, { recursive: true });
      }
    },
    LONG,
  );
});
