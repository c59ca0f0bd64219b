import type { Bench, Conditions } from './frame/bench.js';
import { fillWindow } from './frame/fill.js';
import type { Installation } from './frame/installation.js';
import { message } from './frame/processes.js';
import { found } from './frame/seed.js';
import { judge, judgements, quantile, short, table, type Judged } from './frame/summary.js';

const SIZES = [
  { records: 100_000, budgetMs: 2_000 },
  { records: 1_000_000, budgetMs: 10_000 },
] as const;
const STARTS = 3;
const WAYS = ['kafka', 'http', 'bare-kafka', 'bare-http'] as const;
type Way = (typeof WAYS)[number];

interface Started {
  readonly records: number;
  /** Median milliseconds of each way. */
  readonly ms: Readonly<Record<Way, number>>;
}

export const coldStart: Bench = {
  about: 'a gateway with nothing until it may decide: records in the window, by Kafka and by HTTP',
  options: ['records'],
  run: async (how) => {
    const { say, stop, isQuick, option } = how;
    const installation = await how.installation();
    const { organization } = await found(installation);
    const name = { name: 'cold' };
    const { key = '' } = await installation.http.json(
      `${installation.url}/v1/gateways`,
      installation.admin,
      name,
    );
    const asked = option('records', 0);
    const sizes =
      asked > 0 ? [{ records: asked, budgetMs: 2_000 }] : isQuick ? SIZES.slice(0, 1) : SIZES;
    const started: Started[] = [];
    const budgets: Judged[] = [];
    let filled = 0;
    for (const { records, budgetMs } of sizes) {
      say(`${records} records …`);
      await fillWindow(installation, organization, { records: records - filled, stop });
      filled = records;
      const one = await startAll(installation, { key, records }, how);
      started.push(one);
      for (const way of ['kafka', 'http'] as const)
        budgets.push(judge(`${records} records, ${way}`, [one.ms[way], 'ms'], 'lower', budgetMs));
    }
    say(
      table([
        ['milliseconds', ...WAYS],
        ...started.map(({ records, ms }) => [
          `${records} records`,
          ...WAYS.map((way) => short(ms[way])),
        ]),
      ]),
    );
    say(`\n${judgements(budgets)}`);
    return { started, budgets };
  },
};

async function startAll(
  installation: Installation,
  { key, records }: { readonly key: string; readonly records: number },
  { stop }: Conditions,
): Promise<Started> {
  const { processes, url, brokers } = installation;
  const took: Record<Way, number[]> = { kafka: [], http: [], 'bare-kafka': [], 'bare-http': [] };
  for (let i = 0; i < STARTS; i += 1)
    for (const way of WAYS) {
      stop.throwIfAborted();
      const child = processes.start('bench/programs/cold-gateway.ts', {
        ...{ OFFSWITCH_URL: url, OFFSWITCH_GATEWAY_KEY: key, KAFKA_BROKERS: brokers },
        ...{ WAY: way, RECORDS: String(records) },
      });
      const { ms } = await message<{ kind: 'ready'; ms: number }>(child, 'ready');
      took[way].push(ms);
    }
  const ms = Object.fromEntries(WAYS.map((way) => [way, quantile(took[way], 0.5)]));
  return { records, ms: ms as Record<Way, number> };
}
