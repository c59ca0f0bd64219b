import type { Log } from '../platform/log/log.js';
import type { Metrics } from '../platform/metrics/metrics.js';
import type { SetFailed } from './leavers-together.js';

/** Counts the sets that had to go one by one, and writes down those that nobody has thought of: they are ours to mend. */
export function toldOf(log: Log, metrics: Metrics): SetFailed {
  const failed = metrics.counter(
    {
      name: 'offswitch_leaver_sets_failed_total',
      help: 'Transactions of people who left at the same moment that failed; each of them went alone then',
    },
    ['reason'],
  );
  return (reason, { organization, people, error }) => {
    failed.inc({ reason });
    if (reason === 'unexpected')
      log.error('people could not leave together; each goes alone', {
        code: 'leavers.set_failed',
        organization,
        people,
        error,
      });
  };
}
