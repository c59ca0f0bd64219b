import { cpus, loadavg, totalmem } from 'node:os';
import { parseArgs } from 'node:util';
import { coldStart } from './cold-start.js';
import { cost } from './cost.js';
import { deprovision } from './deprovision.js';
import { followers } from './followers.js';
import type { Bench } from './frame/bench.js';
import { guard } from './guard.js';
import { Installation } from './frame/installation.js';
import { sidecar } from './sidecar.js';
import { scim } from './scim.js';
import { surge } from './surge.js';
import { trial } from './trial.js';

/** `npm run bench -- NAME [--json] [--quick]`. A figure counts only beside the floors of the same run. */
const BENCHES: Readonly<Record<string, Bench>> = {
  deprovision,
  cost,
  guard,
  'cold-start': coldStart,
  sidecar,
  scim,
  surge,
  followers,
  trial,
};

const [name = '', ...rest] = process.argv.slice(2);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
const flags = bench === undefined ? null : read(bench, rest);
if (bench === undefined || flags === null) {
  const list = Object.entries(BENCHES).map(([known, { about, options = [] }]) =>
    [`  ${known.padEnd(14)}${about}`, ...options.map((option) => `[--${option} N]`)].join(' '),
  );
  process.stderr.write(`npm run bench -- NAME [--json] [--quick]\n\n${list.join('\n')}\n`);
  process.exit(2);
}
process.exitCode = await run(bench, flags);

interface Flags {
  readonly json: boolean;
  readonly quick: boolean;
  readonly numbers: ReadonlyMap<string, number>;
}

/** @returns null when there is something that the bench does not know */
function read({ options = [] }: Bench, args: readonly string[]): Flags | null {
  const known = Object.fromEntries(options.map((option) => [option, { type: 'string' as const }]));
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { json: { type: 'boolean' }, quick: { type: 'boolean' }, ...known },
    });
    const numbers = options.flatMap((option) => {
      const text = (values as Readonly<Record<string, unknown>>)[option];
      return typeof text === 'string' ? [[option, Number(text)] as const] : [];
    });
    if (!numbers.every(([, value]) => Number.isSafeInteger(value) && value >= 0)) return null;
    return { json: values.json === true, quick: values.quick === true, numbers: new Map(numbers) };
  } catch {
    return null;
  }
}

async function run({ run: measure }: Bench, { json, quick, numbers }: Flags): Promise<number> {
  const stopping = new AbortController();
  const stopped = new Promise<never>((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
      process.once(signal, () => {
        stopping.abort();
        reject(new Error(`ended by ${signal}`));
      });
  });
  stopped.catch(() => undefined);
  const say = (line: string): void => {
    (json ? process.stderr : process.stdout).write(`${line}\n`);
  };
  const machine = {
    cpu: cpus()[0]?.model ?? '',
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    node: process.version,
    load: loadavg()[0],
  };
  say(
    `${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node}, load ${machine.load?.toFixed(1)}`,
  );
  const ends: (() => Promise<unknown>)[] = [];
  const atEnd = (end: () => Promise<unknown>): void => {
    ends.push(end);
  };
  let installation: Promise<Installation> | null = null;
  try {
    const measured = measure({
      say,
      stop: stopping.signal,
      isQuick: quick,
      option: (option, otherwise) => numbers.get(option) ?? otherwise,
      atEnd,
      installation: (postgresSettings) => {
        if (installation !== null) return installation;
        installation = Installation.start(postgresSettings);
        const started = installation;
        atEnd(() =>
          started.then(
            (one) => one.stop(),
            () => undefined,
          ),
        );
        return started;
      },
    });
    measured.catch(() => undefined); // it fails when everything is ended under it
    const result = await Promise.race([measured, stopped]);
    if (json)
      process.stdout.write(`${JSON.stringify({ bench: name, quick, machine, ...result })}\n`);
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return stopping.signal.aborted ? 130 : 1;
  } finally {
    for (const end of ends.reverse()) await end();
  }
}
