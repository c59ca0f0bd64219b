import type { Policy } from '../contract/lease.js';
import type { Doubt } from './verdict.js';
import type { Freshness } from './view/freshness.js';

/** A balanced gateway goes on with an old view for this many times S. */
const BALANCED_TIMES = 3;

export type Trust = 'fresh' | 'tolerated' | Doubt;

/** The table of policies: whether this view may decide. A doubt is a 503: the client keeps its credential. */
export function trustIn(freshness: Freshness, policy: Policy, stalenessMs: number): Trust {
  switch (freshness.state) {
    case 'fresh':
      return 'fresh';
    case 'unloaded':
      return 'view.unloaded';
    case 'unusable':
      return 'view.unusable';
    case 'stale':
      if (policy === 'best-effort') return 'tolerated';
      return policy === 'balanced' && freshness.ageMs <= BALANCED_TIMES * stalenessMs
        ? 'tolerated'
        : 'view.stale';
  }
}
