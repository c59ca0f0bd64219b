// P3: bounded staleness; P6: trouble of Kafka's. Nothing is published while the topics are not as they must be, and soon after they are.
import { afterEach, describe, expect, it } from '@jest/globals';
import { TopicGate } from '../../../../src/platform/kafka/topic-gate.js';
import { TopicKeeper } from '../../../../src/platform/kafka/topic-keeper.js';
import { eventually } from '../../../support/eventually.js';
import { RememberingLog } from '../../../support/remembering-log.js';

class ScriptedKeeper extends TopicKeeper {
  looks = 0;
  answer: () => Promise<readonly string[]> = () => Promise.resolve([]);

  override check(): Promise<readonly string[]> {
    this.looks += 1;
    return this.answer();
  }
}

const stopping = new Set<() => Promise<void>>();
afterEach(async () => {
  await Promise.all([...stopping].map((stop) => stop()));
  stopping.clear();
});

function scene() {
  const [keeper, log, stop] = [new ScriptedKeeper(), new RememberingLog(), new AbortController()];
  const gate = new TopicGate(keeper, log);
  const running = gate.run(stop.signal);
  const end = async (): Promise<void> => {
    stop.abort();
    await running;
  };
  stopping.add(end);
  return { keeper, log, gate, end };
}

describe('a gate before the topics', () => {
  it('looks again when something was not sent, and makes good what is missing', async () => {
    const { keeper, gate } = scene();
    await eventually(() => gate.trouble === null);
    expect(keeper.looks).toBe(1);
    gate.doubt();
    gate.doubt();
    await eventually(() => keeper.looks === 2);
    expect(gate.trouble).toBeNull();
  });

  it('closes when what it finds is wrong, and opens when that is mended', async () => {
    const { keeper, gate } = scene();
    await eventually(() => gate.trouble === null);
    keeper.answer = () => Promise.resolve(['cleanup.policy is compact']);
    gate.doubt();
    await eventually(() => gate.trouble === 'cleanup.policy is compact');
    keeper.answer = () => Promise.resolve([]);
    await eventually(() => gate.trouble === null);
  });

  it('stays open while the brokers cannot be asked, however often it is doubted', async () => {
    const { keeper, gate, log } = scene();
    await eventually(() => gate.trouble === null);
    keeper.answer = () => Promise.reject(new Error('away'));
    const lines = log.lines.length;
    gate.doubt();
    await eventually(() => keeper.looks === 2);
    gate.doubt();
    expect([gate.trouble, log.lines.length]).toEqual([null, lines]);
  });

  it('ends at once when it is told to, whatever it waits for', async () => {
    const { gate, end } = scene();
    await eventually(() => gate.trouble === null);
    await end();
    expect(await gate.opened(AbortSignal.abort())).toBe(false);
  });
});
