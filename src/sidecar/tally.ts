import type { Denial, Doubt, Verdict } from '../gateway/index.js';
import type { RequestDenial } from './credentials.js';

/** Counts of decisions. Plain numbers: they are counted on every request and read once in a while. */
export class Tally {
  allowed = 0;
  allowedStale = 0;
  usedAfterRevoke = 0;
  readonly denied = new Map<Denial | RequestDenial, number>();
  readonly unsure = new Map<Doubt, number>();
  readonly alarms = new Map<string, number>();

  decided(verdict: Verdict): void {
    switch (verdict.kind) {
      case 'allow':
      case 'allow-foreign':
        this.allowed += 1;
        if (verdict.isStale) this.allowedStale += 1;
        break;
      case 'deny':
        this.refused(verdict.reason);
        break;
      case 'unsure':
        count(this.unsure, verdict.reason, 1);
        break;
    }
  }

  refused(reason: Denial | RequestDenial): void {
    count(this.denied, reason, 1);
  }

  alarm(name: string, times = 1): void {
    count(this.alarms, name, times);
  }
}

function count<Key>(counts: Map<Key, number>, key: Key, times: number): void {
  counts.set(key, (counts.get(key) ?? 0) + times);
}
