import { type ChildProcessByStdio, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { pathToFileURL } from 'node:url';
import type { Embedded } from '../../src/platform/embedded/start-embedded.js';
import { eventually } from './eventually.js';
import { inProject, programOf } from './from-source.js';

/** Processes whose command line names this directory. */
export function processesIn(directory: string): readonly string[] {
  return execFileSync('ps', ['-A', '-ww', '-o', 'pid=,args='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => line.includes(directory));
}

/** Resolves when `holds` does; throws, saying `what`, when it does not within `seconds`. */
export async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
  seconds = 30,
): Promise<void> {
  const deadline = Date.now() + seconds * 1_000;
  await eventually(async () => {
    if (await holds()) return true;
    if (Date.now() > deadline) throw new Error(`still not: ${what}`);
    return false;
  });
}

export const nothingIsLeftOf = (directory: string): Promise<void> =>
  until(
    `no process and no file in ${directory}`,
    () => processesIn(directory).length === 0 && !existsSync(directory),
  );

export const nobodyRunsIn = (directory: string): Promise<void> =>
  until(`no process in ${directory}`, () => processesIn(directory).length === 0);

/**
 * Starts a program of the sources, `['src/main.ts']`. It ends with this process, however this one ends; a test that only
 * forgets it fails by the leak check.
 */
export function startProgram(
  [file, ...parameters]: readonly [string, ...string[]],
  options: { readonly env?: NodeJS.ProcessEnv; readonly detached?: boolean } = {},
): ChildProcessByStdio<Writable, Readable, null> {
  const tie = pathToFileURL(inProject('scripts/tied-to-parent.mjs')).href;
  const [node, program] = programOf(file);
  return spawn(process.execPath, [...node, '--import', tie, program, ...parameters], {
    ...options,
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { ...(options.env ?? process.env), OFFSWITCH_TIED_TO: String(process.pid) },
  });
}

export interface Holder {
  readonly embedded: Embedded;
  readonly pid: number;
  /** Everything it said after its first word. */
  readonly said: readonly unknown[];
  readonly exited: Promise<unknown>;
  /** To the holder alone. */
  kill(signal: NodeJS.Signals): void;
  /** To its whole process group, as a terminal does. */
  killGroup(signal: NodeJS.Signals): void;
}

/** Starts a process that holds embedded servers (holder.ts), in a process group of its own. */
export async function startHolder(
  options: Readonly<Record<string, unknown>>,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Holder> {
  const child = startProgram(['test/support/holder.ts', JSON.stringify(options)], {
    env,
    detached: true,
  });
  const exited = once(child, 'exit');
  const said: (Embedded & { readonly failed?: string })[] = [];
  createInterface(child.stdout).on('line', (line) =>
    said.push(JSON.parse(line) as (typeof said)[0]),
  );
  let isOver = false;
  void exited.then(() => (isOver = true));
  await until('the holder speaks', () => said.length > 0 || isOver, 60);
  const embedded = said.shift();
  if (embedded === undefined) throw new Error('the holder ended without a word');
  if (embedded.failed !== undefined) {
    await exited;
    throw new Error(embedded.failed);
  }
  const pid = child.pid!;
  return {
    embedded,
    pid,
    said,
    exited,
    kill: (signal) => process.kill(pid, signal),
    killGroup: (signal) => process.kill(-pid, signal),
  };
}
