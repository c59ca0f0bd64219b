import { parseArgs } from 'node:util';
import { PostgresCases } from '../cases/postgres-cases.js';
import { RecordedEnforcements } from '../outbox/recorded-enforcements.js';
import { SystemClock } from '../platform/clock/system-clock.js';
import { Backoff } from '../platform/loop/backoff.js';
import { pause } from '../platform/time/pause.js';
import { besideService } from './beside-service.js';
import { CaseWatch } from './watch/case-watch.js';
import { lineOf } from './watch/news.js';

const EACH_MS = 250;

/**
 * `offswitch watch [--json]`: revocations and gateways' receipts as they happen, until a signal ends it.
 *
 * @returns the exit code
 */
export function watchCommand(parameters: readonly string[]): Promise<number> {
  const { values } = parseArgs({ args: [...parameters], options: { json: { type: 'boolean' } } });
  const stopping = new AbortController();
  const stop = (): void => {
    stopping.abort();
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, stop);
  // Whoever reads it (`| head`) has had enough.
  process.stdout.once('error', stop);
  return besideService(async ({ config, transactions }) => {
    const { stalenessMs } = config;
    const watch = new CaseWatch({
      transactions,
      cases: new PostgresCases(),
      enforcements: new RecordedEnforcements(stalenessMs),
      clock: new SystemClock(),
      stalenessMs,
    });
    const isJson = values.json === true;
    process.stderr.write('watching; Ctrl-C ends it\n');
    const backoff = new Backoff(EACH_MS, 5_000);
    while (!stopping.signal.aborted) {
      try {
        for (const news of await watch.look())
          process.stdout.write(`${isJson ? JSON.stringify(news) : lineOf(news)}\n`);
        backoff.reset();
        await pause(EACH_MS, stopping.signal);
      } catch (error) {
        process.stderr.write(`the database cannot be read; trying again: ${String(error)}\n`);
        await pause(backoff.next(), stopping.signal);
      }
    }
    return 0;
  });
}
