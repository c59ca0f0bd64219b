import type { Outcome } from './fleet.js';
import { FLEETS, historyOf, type History } from './history.js';
import { shortest } from './shortest.js';
import type { Stage } from './stage.js';
import { runTrial } from './trial.js';
import { runUnbroken, told } from './unbroken.js';

export interface Failure {
  readonly seed: number;
  readonly wrong: readonly string[];
  /** The shortest history that still goes wrong. */
  readonly history: History;
}

export interface Tally {
  readonly trials: number;
  readonly allowed: number;
  readonly denied: number;
  readonly unsure: number;
  /** How often a history was run again because its connections were lost. */
  readonly repeated: number;
  readonly failure: Failure | null;
}

export interface Many {
  /** Trials run side by side, one on each stage. */
  readonly stages: readonly Stage[];
  readonly firstSeed: number;
  readonly trials: number;
  readonly stop?: AbortSignal;
  readonly progress?: (trials: number) => void;
}

/** Runs the seeds from `firstSeed` on, up to the first that goes wrong. When it returns or throws, nothing runs any more. */
export async function runMany(many: Many): Promise<Tally> {
  const { stages, firstSeed, trials, stop, progress } = many;
  const tally = { trials: 0, allowed: 0, denied: 0, unsure: 0, repeated: 0 };
  let failure: Failure | null = null;
  let isBroken = false;
  let next = firstSeed;
  const run = (stage: Stage, history: History): Promise<readonly Outcome[]> =>
    runUnbroken({
      run: () => runTrial(stage, history),
      onRepeat: () => (tally.repeated += 1),
      stop,
    });
  const work = async (stage: Stage): Promise<void> => {
    while (next < firstSeed + trials && failure === null && !isBroken) {
      const seeds = [next++];
      while (next % FLEETS !== 0 && next < firstSeed + trials) seeds.push(next++);
      const outcomes = await run(stage, historyOf(seeds)).catch((cause: unknown) => {
        isBroken = true;
        throw new Error(`seeds ${seeds.join(', ')} could not be run: ${told(cause)}`, { cause });
      });
      for (const { decisions } of outcomes) {
        tally.trials += 1;
        tally.allowed += decisions.allow;
        tally.denied += decisions.deny;
        tally.unsure += decisions.unsure;
        progress?.(tally.trials);
      }
      const seed = outcomes.find(({ wrong }) => wrong.length > 0)?.seed;
      if (seed === undefined || isFailed(failure)) continue;
      failure = { seed, wrong: [], history: historyOf([seed]) };
      failure = await explain(seed, (tried) => run(stage, tried));
    }
  };
  const ends = await Promise.allSettled(stages.map(work));
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
  return { ...tally, failure };
}

const isFailed = (failure: Failure | null): boolean => failure !== null;

async function explain(
  seed: number,
  run: (tried: History) => Promise<readonly Outcome[]>,
): Promise<Failure> {
  const wrongIn = async (tried: History) => (await run(tried)).flatMap(({ wrong }) => wrong);
  const short = await shortest(
    historyOf([seed]),
    async (tried) => (await wrongIn(tried)).length > 0,
  );
  const wrong = await wrongIn(short);
  const rules = wrong.map(({ rule, detail }) => `${rule}: ${detail}`);
  return {
    seed,
    // What two things beside each other did wrong need not go wrong again.
    wrong: rules.length > 0 ? rules : ['it went wrong once, and not again'],
    history: short,
  };
}

export const tell = ({ seed, wrong, history }: Failure): string =>
  [
    `seed ${seed} goes wrong; the shortest history:`,
    JSON.stringify({ ...history, steps: undefined }),
    ...history.steps.map((step) => `  ${JSON.stringify(step)}`),
    ...wrong.slice(0, 5),
  ].join('\n');
