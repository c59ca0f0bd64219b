import { denials, leave, people, type Field } from './deprovision.js';
import type { Bench } from './frame/bench.js';
import { closedLoop, machineMs, openLoop } from './frame/load.js';
import { processorMs } from './frame/processor-time.js';
import { found, settle } from './frame/seed.js';
import { startCounting } from './frame/statements.js';
import { short, table } from './frame/summary.js';

const GATEWAYS = 4;
/** So many that the service's code has been compiled by then. */
const WARM_UP = 2_500;
const IDLE_S = 10;

/** Each takes a while longer than its leavers, so that what is done after the answer is counted too. */
const AFTERWARDS_MS = 3_000;

interface Part {
  readonly what: string;
  readonly tokens: number;
  readonly people: number;
  /** So many a second, each at its time; or so many at once, as fast as it goes. */
  readonly pace: { readonly perSecond: number } | { readonly atOnce: number };
}

const PARTS: readonly Part[] = [
  { what: '16 at once, 1 token', tokens: 1, people: 2_000, pace: { atOnce: 16 } },
  { what: '25/s, 1 token', tokens: 1, people: 400, pace: { perSecond: 25 } },
  { what: '4/s, 1,000 tokens', tokens: 1_000, people: 60, pace: { perSecond: 4 } },
  { what: '100/s, 1 token', tokens: 1, people: 1_500, pace: { perSecond: 100 } },
];

type Cost = Readonly<Record<string, number>>;

/**
 * Where another bench says how long a deactivation takes, this one says what it costs: processor time by process, which
 * hardly moves when something else runs on the machine.
 */
export const cost: Bench = {
  about: 'SCIM deactivation: processor time of each process, and calls and times of each statement',
  options: ['part'],
  run: async ({ say, stop, isQuick, ...how }) => {
    const only = how.option('part', 0);
    const installation = await how.installation({ shared_preload_libraries: 'pg_stat_statements' });
    const company = await found(installation);
    const gateways = await Promise.all(
      Array.from({ length: GATEWAYS }, (_, i) => installation.startGateway(`cost-${i + 1}`)),
    );
    const field: Field = { installation, company, gateways, stop, refused: { count: 0 } };
    const { pids } = installation.servers;
    const measured = async (work: () => Promise<unknown>): Promise<Cost> => {
      const roots = [
        installation.servicePid,
        pids.postgres ?? 0,
        pids.kafka ?? 0,
        ...gateways.map(({ pid }) => pid ?? 0),
      ];
      const before = await processorMs(roots);
      const load = process.cpuUsage();
      await work();
      const after = await processorMs(roots);
      const { user, system } = process.cpuUsage(load);
      const [service = 0, postgres = 0, kafka = 0, ...each] = after.map((ms, i) => ms - before[i]!);
      const gateway = each.reduce((sum, ms) => sum + ms, 0);
      return { service, postgres, kafka, 'gateways, 4': gateway, load: (user + system) / 1_000 };
    };
    const share = isQuick ? 0.25 : 1;
    const warmUp = await people(field, WARM_UP * share, 1);
    await closedLoop(warmUp, 16, leave(field), stop);
    await denials(field, warmUp);
    await settle(installation);
    await later(AFTERWARDS_MS);

    say(`nobody leaves, ${IDLE_S} s …`);
    const idle = await measured(() => later(IDLE_S * 1_000));
    const parts: object[] = [];
    const columns: [string, Cost][] = [];
    for (const part of only === 0 ? PARTS : PARTS.slice(only - 1, only)) {
      const leavers = await people(field, Math.ceil(part.people * share), part.tokens);
      say(`${part.what}, ${leavers.length} people …`);
      const statements = await startCounting(installation);
      const began = machineMs();
      const whole = await measured(async () => {
        if ('atOnce' in part.pace) await closedLoop(leavers, part.pace.atOnce, leave(field), stop);
        else await openLoop(leavers, part.pace.perSecond, leave(field), stop);
        await denials(field, leavers);
        await later(AFTERWARDS_MS);
      });
      const seconds = (machineMs() - began) / 1_000;
      // What runs on without anybody is not what a leaver costs.
      const each = Object.fromEntries(
        Object.entries(whole).map(([name, ms]) => [
          name,
          (ms - (idle[name] ?? 0) * (seconds / IDLE_S)) / leavers.length,
        ]),
      );
      const asked = await statements(leavers.length);
      parts.push({ ...part, people: leavers.length, each, statements: asked });
      columns.push([part.what, each]);
      say(
        table([
          ['  statement', 'calls', 'ms each', 'ms a leaver', 'wal kB'],
          ...asked.map(({ text, calls, msEach, ms, walKb }) => [
            `  ${text}`,
            short(calls),
            short(msEach),
            short(ms),
            short(walKb),
          ]),
        ]),
      );
    }
    const names = Object.keys(idle);
    const total = (one: Cost): number => Object.values(one).reduce((sum, ms) => sum + ms, 0);
    say(
      table([
        ['processor ms', 'idle, a second', ...columns.map(([what]) => what)],
        ...names.map((name) => [
          name,
          short((idle[name] ?? 0) / IDLE_S),
          ...columns.map(([, each]) => short(each[name] ?? 0)),
        ]),
        ['all', short(total(idle) / IDLE_S), ...columns.map(([, each]) => short(total(each)))],
      ]),
    );
    return { idle, parts };
  },
};

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
