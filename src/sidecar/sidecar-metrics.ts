import { Counter, Gauge, Registry } from 'prom-client';
import type { Freshness, Gateway } from '../gateway/index.js';
import type { Tally } from './tally.js';

const STATES = ['fresh', 'stale', 'unusable', 'unloaded'] as const satisfies Freshness['state'][];

/** What `/metrics` shows, read from the gateway and the tally when somebody asks. */
export function sidecarMetrics(
  gateway: Pick<Gateway, 'freshness' | 'size'>,
  tally: Tally,
): Registry {
  const registry = new Registry();
  const registers = [registry];
  const counter = <Label extends string>(
    name: string,
    help: string,
    labels: readonly Label[],
    read: () => Iterable<readonly [Record<Label, string>, number]>,
  ) =>
    new Counter({
      name,
      help,
      registers,
      labelNames: [...labels],
      collect() {
        this.reset();
        for (const [values, count] of read()) this.inc(values, count);
      },
    });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  gauge('gateway_view_age_seconds', 'Age of the view, clock skew included', () => {
    const freshness = gateway.freshness();
    return 'ageMs' in freshness ? freshness.ageMs / 1000 : Infinity;
  });
  gauge(
    'gateway_remembered_subjects',
    'Subjects whose revocation is remembered',
    () => gateway.size,
  );
  new Gauge({
    name: 'gateway_view_state',
    help: 'Which state the view is in',
    registers,
    labelNames: ['state'],
    collect() {
      const { state } = gateway.freshness();
      for (const name of STATES) this.set({ state: name }, name === state ? 1 : 0);
    },
  });
  counter('gateway_decisions_total', 'Decisions by their kind', ['decision'], () => [
    [{ decision: 'allow' }, tally.allowed],
    [{ decision: 'deny' }, sumOf(tally.denied)],
    [{ decision: 'unsure' }, sumOf(tally.unsure)],
  ]);
  counter('gateway_denied_total', 'Refusals by their reason', ['reason'], () =>
    labelled(tally.denied, (reason) => ({ reason })),
  );
  counter('gateway_unsure_total', 'Requests about which nothing could be said', ['reason'], () =>
    labelled(tally.unsure, (reason) => ({ reason })),
  );
  counter('gateway_alarms_total', 'What somebody should look at', ['alarm'], () =>
    labelled(tally.alarms, (alarm) => ({ alarm })),
  );
  counter('gateway_stale_allowed_total', 'Tokens let in by an old view', [], () => [
    [{}, tally.allowedStale],
  ]);
  counter('use_after_revoke_total', 'Uses of revoked tokens', [], () => [
    [{}, tally.usedAfterRevoke],
  ]);
  return registry;
}

const sumOf = (counts: ReadonlyMap<unknown, number>): number =>
  [...counts.values()].reduce((sum, count) => sum + count, 0);

const labelled = <Key extends string, Label extends string>(
  counts: ReadonlyMap<Key, number>,
  label: (key: Key) => Record<Label, string>,
): (readonly [Record<Label, string>, number])[] =>
  [...counts].map(([key, count]) => [label(key), count]);
