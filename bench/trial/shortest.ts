import type { History } from './history.js';

/** Leaves steps out as long as it still goes wrong: halves first, then smaller pieces, single ones last. */
export async function shortest(
  history: History,
  goesWrong: (tried: History) => Promise<boolean>,
  mostTries = 150,
): Promise<History> {
  let best = history;
  let tries = 0;
  for (let piece = Math.ceil(best.steps.length / 2); piece >= 1; piece = Math.floor(piece / 2)) {
    for (let from = 0; from < best.steps.length && tries < mostTries;) {
      const steps = [...best.steps.slice(0, from), ...best.steps.slice(from + piece)];
      tries += 1;
      if (await goesWrong({ ...best, steps })) best = { ...best, steps };
      else from += piece;
    }
  }
  return best;
}
