import type { Policy } from '../contract/lease.js';
import type { Doubt } from './verdict.js';
import type { Freshness } from './view/freshness.js';

/** Where a token is shown. */
export interface Route {
  readonly policy: Policy;
}

/** A balanced gateway goes on with an old view for this many times S. */
const BALANCED_TIMES = 3;

const STRICTNESS: Readonly<Record<Policy, number>> = { 'best-effort': 0, balanced: 1, strict: 2 };

export const stricter = (one: Policy, other: Policy): Policy =>
  STRICTNESS[one] >= STRICTNESS[other] ? one : other;

export type Trust = 'fresh' | 'tolerated' | Extract<Doubt, `view.${string}`>;

/**
 * The table of policies: whether this view may decide. A doubt is a 503: the client keeps its credential. `alone`: the
 * service could not be asked.
 */
export function trustIn(
  freshness: Freshness,
  policy: Policy,
  { stalenessMs, alone }: { readonly stalenessMs: number; readonly alone: boolean },
): Trust {
  switch (freshness.state) {
    case 'fresh':
      return 'fresh';
    case 'unloaded':
      return 'view.unloaded';
    case 'unusable':
      return 'view.unusable';
    case 'stale':
      if (policy === 'best-effort') return 'tolerated';
      return alone && policy === 'balanced' && freshness.ageMs <= BALANCED_TIMES * stalenessMs
        ? 'tolerated'
        : 'view.stale';
  }
}
