import { setTimeout as after } from 'node:timers/promises';

/** Waits for a condition; the test's own time limit is the limit. */
export async function eventually(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await after(10);
}
