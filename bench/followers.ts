import { leave, type Field } from './deprovision.js';
import type { Bench } from './frame/bench.js';
import { machineMs } from './frame/load.js';
import { message } from './frame/processes.js';
import { found, seed } from './frame/seed.js';
import { short, spread, table, type Spread } from './frame/summary.js';

const SIZES = [1, 100, 1_000] as const;
const LEAVERS = 30;

export const followers: Bench = {
  about:
    '1,000 followers of the feed over HTTP: from the request until the last of them has the record',
  run: async ({ say, stop, ...how }) => {
    const installation = await how.installation();
    const company = await found(installation);
    const field: Field = { installation, company, gateways: [], stop, refused: { count: 0 } };
    const { processes, http, url, admin } = installation;
    const { key = '' } = await http.json(`${url}/v1/gateways`, admin, { name: 'followers' });
    const measured: { readonly followers: number; readonly reached: Spread }[] = [];
    for (const count of SIZES) {
      const child = processes.start('bench/programs/followers.ts', {
        OFFSWITCH_URL: url,
        OFFSWITCH_GATEWAY_KEY: key,
        FOLLOWERS: String(count),
      });
      await message(child, 'following');
      const times: number[] = [];
      for (const leaver of await seed(installation, company, { people: LEAVERS, tokensEach: 1 })) {
        stop.throwIfAborted();
        const watching = message(child, 'watching');
        child.send({ kind: 'watch', user: leaver.user });
        await watching;
        const seen = message<{ kind: 'seen'; ms: number }>(child, 'seen');
        const began = machineMs();
        await leave(field)(leaver);
        times.push((await seen).ms - began);
      }
      measured.push({ followers: count, reached: spread(times) });
      child.kill('SIGTERM');
    }
    say(
      table([
        ['milliseconds to the last follower', 'p50', 'p99'],
        ...measured.map(({ followers: n, reached }) => [
          `${n} followers`,
          short(reached.p50),
          short(reached.p99),
        ]),
      ]),
    );
    return { measured };
  },
};
