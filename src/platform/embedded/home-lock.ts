import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isRunning } from './orphans.js';

/** Where the supervisor of a home can be reached, and the word that it wants to hear. Mode 600. */
export interface Lock {
  readonly pid: number;
  readonly port: number;
  readonly token: string;
}

const lockFile = (home: string): string => join(home, 'supervisor.json');

export async function readLock(home: string): Promise<Lock | null> {
  return parsed(await readFile(lockFile(home), 'utf8').catch(() => null));
}

/**
 * Takes the home for this process: false when a living supervisor has it. Should two starts ever win this together,
 * the servers' own locks on their data stop the second one; nothing is damaged.
 */
export async function takeLock(home: string, lock: Lock): Promise<boolean> {
  const file = lockFile(home);
  const mine = `${file}.${String(lock.pid)}`;
  // Written whole first and then linked, so that nobody ever reads half a lock; `link` fails where one exists.
  await writeFile(mine, JSON.stringify(lock), { mode: 0o600 });
  try {
    for (let tries = 0; tries < 3; tries += 1) {
      if (await isLinked(mine, file)) return true;
      const holder = await readLock(home);
      if (holder !== null && (await isRunning(holder.pid, [home]))) return false;
      await moveStaleAway(file, holder);
    }
    return false;
  } finally {
    await rm(mine, { force: true });
  }
}

/** The last deed of a supervisor: from here on the next one may start its servers. */
export async function releaseLock(home: string): Promise<void> {
  await rm(lockFile(home), { force: true });
}

async function moveStaleAway(file: string, stale: Lock | null): Promise<void> {
  const away = `${file}.stale.${String(process.pid)}`;
  try {
    await rename(file, away);
  } catch {
    return; // another start was faster
  }
  const moved = parsed(await readFile(away, 'utf8').catch(() => null));
  // Between the look and the move another start may have put its own lock there: give it back.
  if (moved?.token !== stale?.token) await isLinked(away, file);
  await rm(away, { force: true });
}

async function isLinked(from: string, to: string): Promise<boolean> {
  return link(from, to).then(
    () => true,
    () => false,
  );
}

function parsed(text: string | null): Lock | null {
  if (text === null) return null;
  try {
    return JSON.parse(text) as Lock;
  } catch {
    return null;
  }
}
