import { cpus, totalmem } from 'node:os';
import { deprovision } from './deprovision.js';
import type { Bench } from './frame/bench.js';
import { Installation } from './frame/installation.js';

/** `npm run bench -- NAME [--json] [--quick]`. A figure counts only beside the floors of the same run. */
const BENCHES: Readonly<Record<string, Bench>> = { deprovision };

const [name = '', ...flags] = process.argv.slice(2);
const bench = Object.hasOwn(BENCHES, name) ? BENCHES[name] : undefined;
if (bench === undefined || !flags.every((flag) => ['--json', '--quick'].includes(flag))) {
  const list = Object.entries(BENCHES).map(([known, { about }]) => `  ${known.padEnd(14)}${about}`);
  process.stderr.write(`npm run bench -- NAME [--json] [--quick]\n\n${list.join('\n')}\n`);
  process.exit(2);
}
process.exitCode = await run(bench, flags.includes('--json'));

async function run({ run: measure }: Bench, json: boolean): Promise<number> {
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
  };
  say(`${machine.cores} × ${machine.cpu}, ${machine.memoryGb} GB, Node ${machine.node}`);
  let installation: Installation | null = null;
  try {
    installation = await Installation.start();
    const measured = measure(installation, {
      say,
      stop: stopping.signal,
      isQuick: flags.includes('--quick'),
    });
    measured.catch(() => undefined); // it fails when everything is ended under it
    const result = await Promise.race([measured, stopped]);
    if (json)
      process.stdout.write(
        `${JSON.stringify({ bench: name, quick: flags.includes('--quick'), machine, ...result })}\n`,
      );
    return 0;
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    return stopping.signal.aborted ? 130 : 1;
  } finally {
    await installation?.stop();
  }
}
