import { denials, leave, people, type Field } from './deprovision.js';
import type { Bench } from './frame/bench.js';
import { closedLoop, machineMs, openLoop } from './frame/load.js';
import { found } from './frame/seed.js';
import { judge, judgements, short, spread, table, type Spread } from './frame/summary.js';

const LEAVERS = 10_000;
const AT_ONCE = 64;
const GATEWAYS = 2;
const WARM_UP = 200;
/** Of another organization, all the while. */
const SINGLES = { perSecond: 20, people: 300 } as const;

export const surge: Bench = {
  about: '10,000 leavers in one go: the last one denied, and single deactivations meanwhile',
  run: async ({ say, stop, isQuick, ...how }) => {
    const installation = await how.installation();
    const share = isQuick ? 0.1 : 1;
    const gateways = await Promise.all(
      Array.from({ length: GATEWAYS }, (_, i) => installation.startGateway(`surge-${i + 1}`)),
    );
    const around = { installation, gateways, stop, refused: { count: 0 } };
    const many: Field = { ...around, company: await found(installation) };
    const few: Field = { ...around, company: await found(installation) };
    const warmUp = await people(many, WARM_UP, 1);
    await closedLoop(warmUp, 16, leave(many), stop);
    await denials(many, warmUp);

    say('single ones alone …');
    const count = SINGLES.people * share;
    const alone = await people(few, count, 1);
    const quiet = answered(await openLoop(alone, SINGLES.perSecond, leave(few), stop));
    await denials(few, alone);

    const leavers = await people(many, LEAVERS * share, 1);
    const singles = await people(few, count, 1);
    say(`${leavers.length} in one go …`);
    const began = machineMs();
    const [, deeds] = await Promise.all([
      closedLoop(leavers, AT_ONCE, leave(many), stop),
      openLoop(singles, SINGLES.perSecond, leave(few), stop),
    ]);
    const busy = answered(deeds);
    const last = await denials(many, [...leavers, ...singles]);
    const lastMs = Math.max(...leavers.map(({ user }) => last.get(user) ?? NaN)) - began;

    say(
      table([
        ['single ones answered, ms', 'p50', 'p99'],
        ['alone', short(quiet.p50), short(quiet.p99)],
        ['meanwhile', short(busy.p50), short(busy.p99)],
      ]),
    );
    const budgets = [
      judge('the last one denied', [lastMs / 1_000, 's'], 'lower', 15 * share),
      judge('single ones, p99 / alone', [busy.p99 / quiet.p99, '×'], 'lower', 2),
    ];
    say(`\n${judgements(budgets)}`);
    return { leavers: leavers.length, lastMs, quiet, busy, budgets };
  },
};

const answered = (deeds: Awaited<ReturnType<typeof openLoop>>): Spread =>
  spread(deeds.map(({ scheduledMs, endedMs }) => endedMs - scheduledMs));
