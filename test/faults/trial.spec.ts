// P3: a strict gateway accepts no revoked token later than S after the acknowledgement, whatever fails meanwhile. P2: dead stays dead. P4: nothing is lost, nothing is undone.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { runMany, tell } from '../../bench/trial/many.js';
import { Stage } from '../../bench/trial/stage.js';

const TRIALS = 1_000;

let stages: readonly Stage[];
beforeAll(async () => {
  stages = await Promise.all(Array.from({ length: 3 }, () => Stage.open()));
});
afterAll(() => Promise.all(stages.map((stage) => stage.close())));

it('does nothing wrong with a thousand fleets of gateways, in 334 randomised histories of a service', async () => {
  const tally = await runMany({ stages, firstSeed: 1, trials: TRIALS });
  if (tally.failure !== null) throw new Error(tell(tally.failure));
  expect(tally.trials).toBe(TRIALS);
  // Gateways that always doubt, or never see a revocation, would do nothing wrong either.
  expect(Math.min(tally.allowed, tally.denied, tally.unsure)).toBeGreaterThan(20 * TRIALS);
}, 1_800_000);
