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
    const starting = startCluster();
    atEnd(() =>
      starting.then(
        (cluster) => cluster.stop(),
        () => undefined,
      ),
    );
    await starting;
    stop.throwIfAborted();
    const opening = Array.from({ length: STAGES }, () => Stage.open());
    atEnd(() =>
      Promise.all(
        opening.map((one) =>
          one.then(
            (stage) => stage.close(),
            () => undefined,
          ),
        ),
      ),
    );
    const stages = await Promise.all(opening);
    stop.throwIfAborted();
    const began = performance.now();
    const running = runMany({
      stages,
      firstSeed,
      trials,
      stop,
      progress: (done) => {
        if (done % TELL_EACH === 0) say(`${done} trials`);
      },
    });
    // What is under way ends by itself while its stage is there; without a database its service would try for ever.
    atEnd(() => running.catch(() => undefined));
    const tally = await running;
    const seconds = (performance.now() - began) / 1_000;
    if (tally.failure !== null) throw new Error(tell(tally.failure));
    const decisions = tally.allowed + tally.denied + tally.unsure;
    say(
      `${tally.trials} trials, ${decisions} decisions (${tally.allowed} allowed, ${tally.denied} denied, ` +
        `${tally.unsure} unsure), 0 wrong; ${tally.repeated} histories run again because connections were lost; ` +
        `${short(seconds)} s, ${short(tally.trials / seconds)} trials/s`,
    );
    return { ...tally, decisions, firstSeed, seconds };
  },
};
