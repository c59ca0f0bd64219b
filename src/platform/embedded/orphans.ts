import { readFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { pause } from './server.js';

/** Whether a process runs whose command line contains all of `marks`: a number alone may long be somebody else's. */
export async function isRunning(pid: number, marks: readonly string[]): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const command = await commandLine(pid);
  return marks.every((mark) => command.includes(mark));
}

/**
 * Ends a server whose supervisor was killed. The next start in a home calls this before it starts its own: nobody
 * else owns the orphan, and its address may have been lost with its owner.
 */
export async function endOrphan(
  pid: number,
  marks: readonly string[],
  signals: readonly NodeJS.Signals[],
): Promise<void> {
  for (const signal of [...signals, 'SIGKILL' as const]) {
    for (let tries = 0; tries < 100; tries += 1) {
      if (!(await isRunning(pid, marks))) return;
      if (tries === 0) send(pid, signal);
      await pause(100);
    }
  }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
    process.kill(pid, 'SIGCONT'); // a frozen process takes no signal but SIGKILL
  } catch {
    // It ended between the look and the signal.
  }
}

async function commandLine(pid: number): Promise<string> {
  try {
    return (await readFile(`/proc/${String(pid)}/cmdline`, 'utf8')).replaceAll('\0', ' ');
  } catch {
    return spawnSync('ps', ['-ww', '-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout;
  }
}
