// P4: a loop that fails begins again, and one that is told to stop ends.
import { describe, expect, it } from '@jest/globals';
import { Backoff } from '../../../../src/platform/loop/backoff.js';
import { Loops } from '../../../../src/platform/loop/loops.js';
import { WakeUp } from '../../../../src/platform/loop/wake-up.js';
import { pause } from '../../../../src/platform/time/pause.js';
import { eventually } from '../../../support/eventually.js';
import { RememberingLog } from '../../../support/remembering-log.js';

describe('loops', () => {
  it('begin again after a failure, and say so', async () => {
    const log = new RememberingLog();
    const loops = new Loops(log);
    let began = 0;
    let others = 0;
    loops.start('fragile', async (stop) => {
      began += 1;
      if (began < 3) throw new Error('broken');
      await pause(60_000, stop);
    });
    loops.start('sturdy', async (stop) => {
      others += 1;
      await pause(60_000, stop);
    });
    await eventually(() => began === 3);
    await loops.stop();
    expect([began, others]).toEqual([3, 1]);
    expect(log.lines.map(({ fields }) => fields['loop'])).toEqual(['fragile', 'fragile']);
  });

  it('end when they are told to, also between two attempts', async () => {
    const loops = new Loops(new RememberingLog());
    loops.start('broken', () => Promise.reject(new Error('broken')));
    await loops.stop();
  });
});

describe('a wake-up', () => {
  const never = new AbortController().signal;

  it('that rang before somebody slept is not lost, and counts once', async () => {
    const wakeUp = new WakeUp();
    wakeUp.ring();
    wakeUp.ring();
    await wakeUp.wait(never);
    let isAwake = false;
    const sleeping = wakeUp.wait(never).then(() => (isAwake = true));
    await Promise.resolve();
    expect(isAwake).toBe(false);
    wakeUp.ring();
    await sleeping;
  });

  it('ends with the stop, also when it came before', async () => {
    const stopping = new AbortController();
    const sleeping = new WakeUp().wait(stopping.signal);
    stopping.abort();
    await sleeping;
    await new WakeUp().wait(stopping.signal);
  });
});

describe('a backoff', () => {
  it('grows to its limit and starts again after a success', () => {
    const backoff = new Backoff(100, 500);
    const waits = Array.from({ length: 6 }, () => backoff.next());
    const [first = 0, , , , , last = 0] = waits;
    expect(first).toBeGreaterThanOrEqual(75);
    expect(first).toBeLessThanOrEqual(125);
    expect(last).toBeGreaterThanOrEqual(375);
    expect(Math.max(...waits)).toBeLessThanOrEqual(625);
    backoff.reset();
    expect(backoff.next()).toBeLessThanOrEqual(125);
  });
});
