import type { Route } from './policy.js';
import type { Doubt, Unsure } from './verdict.js';

export interface Asked {
  readonly token: string;
  readonly route: Route | undefined;
  /** The registration of the foreign issuer; null for a token of ours. */
  readonly foreign: string | null;
}

/** What a doubt is about. It does not stand in the verdict, so that nobody logs a token with it. */
const asked = new WeakMap<Unsure, Asked>();

export function unsure(reason: Doubt, about: Asked): Unsure {
  const verdict: Unsure = { kind: 'unsure', reason };
  asked.set(verdict, about);
  return verdict;
}

export const askedFor = (verdict: Unsure): Asked | undefined => asked.get(verdict);
