import type { Route } from './policy.js';
import type { Doubt, Unsure } from './verdict.js';

interface Asked {
  readonly token: string;
  readonly route: Route | undefined;
}

/** What a doubt is about. It does not stand in the verdict, so that nobody logs a token with it. */
const asked = new WeakMap<Unsure, Asked>();

export function unsure(reason: Doubt, token: string, route: Route | undefined): Unsure {
  const verdict: Unsure = { kind: 'unsure', reason };
  asked.set(verdict, { token, route });
  return verdict;
}

export const askedFor = (verdict: Unsure): Asked | undefined => asked.get(verdict);
