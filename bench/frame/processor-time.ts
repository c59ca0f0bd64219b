import { readdir, readFile } from 'node:fs/promises';

/** Linux counts processor time in hundredths of a second for those who read `/proc`. */
const TICK_MS = 10;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  /** Its own, with that of its threads. */
  readonly own: number;
  /** Of children that have ended and were waited for. */
  readonly ended: number;
}

async function statOf(pid: string): Promise<Stat | null> {
  // Gone between the listing and here.
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null);
  if (text === null) return null;
  // The name stands in brackets and may hold anything; what follows it is numbers.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const ticks = (from: number): number => Number(fields[from]) + Number(fields[from + 1]);
  return {
    pid: Number(pid),
    parent: Number(fields[1]),
    own: ticks(11) * TICK_MS,
    ended: ticks(13) * TICK_MS,
  };
}

/** Milliseconds of processor time that each of these processes has used with all its descendants. Linux only. */
export async function processorMs(roots: readonly number[]): Promise<readonly number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = (await Promise.all(pids.map(statOf))).filter((one) => one !== null);
  const children = new Map<number, Stat[]>();
  for (const one of stats) {
    const siblings = children.get(one.parent) ?? [];
    siblings.push(one);
    children.set(one.parent, siblings);
  }
  const byPid = new Map(stats.map((one) => [one.pid, one]));
  const sum = (one: Stat): number =>
    (children.get(one.pid) ?? []).reduce((ms, child) => ms + sum(child), one.own + one.ended);
  return roots.map((pid) => {
    const root = byPid.get(pid);
    return root === undefined ? NaN : sum(root);
  });
}
