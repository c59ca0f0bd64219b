import { startCluster } from '../test/support/cluster.js';
import type { Bench } from './frame/bench.js';
import { short } from './frame/summary.js';
import { runMany, tell } from './trial/many.js';
import { Stage } from './trial/stage.js';

/** Trials side by side: while one waits for PostgreSQL another one computes. */
const STAGES = 3;
const TRIALS = 1_000;
const TELL_EACH = 1_000;

export const trial: Bench = {
  about: 'randomised histories against the real rooms; fails at the first thing that is wrong',
  options: ['trials', 'seed'],
  run: async ({ say, stop, option, atEnd }) => {
    const trials = option('trials', TRIALS);
    const firstSeed = option('seed', 1 + Math.floor(Math.random() * 2 ** 31));
    say(`seeds ${firstSeed} to ${firstSeed + trials - 1} …`);
    const cluster = await startCluster();
    atEnd(() => cluster.stop());
    const stages = await Promise.all(Array.from({ length: STAGES }, () => Stage.open()));
    atEnd(() => Promise.all(stages.map((stage) => stage.close())));
    const began = performance.now();
    const tally = await runMany({
      stages,
      firstSeed,
      trials,
      stop,
      progress: (done) => {
        if (done % TELL_EACH === 0) say(`${done} trials`);
      },
    });
    const seconds = (performance.now() - began) / 1_000;
    if (tally.failure !== null) throw new Error(tell(tally.failure));
    const decisions = tally.allowed + tally.denied + tally.unsure;
    say(
      `${tally.trials} trials, ${decisions} decisions (${tally.allowed} allowed, ${tally.denied} denied, ` +
        `${tally.unsure} unsure), 0 wrong; ${short(seconds)} s, ${short(tally.trials / seconds)} trials/s`,
    );
    return { ...tally, decisions, firstSeed, seconds };
  },
};
