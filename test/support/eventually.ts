import { setTimeout as after } from 'node:timers/promises';

const FIRST_MS = 10;
const LAST_MS = 50;

/**
 * Waits for a condition; the test's own time limit is the limit. Who has waited long looks less often: some conditions are
 * questions to servers that others are waiting for too.
 */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  const began = performance.now();
  while (!(await holds())) {
    const waited = performance.now() - began;
    await after(Math.min(LAST_MS, Math.max(FIRST_MS, waited / 20)));
  }
}
