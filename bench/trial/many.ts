import { DomainError } from '../../src/kernel/domain-error.js';
import type { Outcome } from './fleet.js';
import { FLEETS, historyOf, type History } from './history.js';
import { shortest } from './shortest.js';
import type { Stage } from './stage.js';
import { runTrial } from './trial.js';

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

/** Runs the seeds from `firstSeed` on, up to the first that goes wrong. */
export async function runMany(many: Many): Promise<Tally> {
  const { stages, firstSeed, trials, stop, progress } = many;
  const tally = { trials: 0, allowed: 0, denied: 0, unsure: 0 };
  let failure: Failure | null = null;
  let next = firstSeed;
  const work = async (stage: Stage): Promise<void> => {
    while (next < firstSeed + trials && failure === null) {
      stop?.throwIfAborted();
      const seeds = [next++];
      while (next % FLEETS !== 0 && next < firstSeed + trials) seeds.push(next++);
      const outcomes = await runUnbroken(stage, historyOf(seeds)).catch((cause: unknown) => {
        throw new Error(`seeds ${seeds.join(', ')} could not be run: ${String(cause)}`, { cause });
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
      failure = await explain(stage, seed, historyOf([seed]));
    }
  };
  await Promise.all(stages.map(work));
  return { ...tally, failure };
}

const TRIES = 5;

/** A machine that is out of breath lets connections time out: that says nothing, and the trial is run again. */
async function runUnbroken(stage: Stage, history: History): Promise<readonly Outcome[]> {
  for (let attempt = 1; ; attempt += 1)
    try {
      return await runTrial(stage, history);
    } catch (error) {
      if (attempt === TRIES || !isOutOfBreath(error)) throw error;
    }
}

const isOutOfBreath = (error: unknown): boolean =>
  error instanceof DomainError
    ? error.sort === 'unavailable'
    : error instanceof Error && /connection timeout|Connection terminated/.test(error.message);

const isFailed = (failure: Failure | null): boolean => failure !== null;

async function explain(stage: Stage, seed: number, history: History): Promise<Failure> {
  const wrongIn = async (tried: History) =>
    (await runUnbroken(stage, tried)).flatMap(({ wrong }) => wrong);
  const short = await shortest(history, async (tried) => (await wrongIn(tried)).length > 0);
  const wrong = await wrongIn(short);
  const told = wrong.map(({ rule, detail }) => `${rule}: ${detail}`);
  return {
    seed,
    // What two things beside each other did wrong need not go wrong again.
    wrong: told.length > 0 ? told : ['it went wrong once, and not again'],
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
