import { setTimeout as sleep } from 'node:timers/promises';

/** Waits, or ends at once when `stop` is aborted. Never rejects. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await sleep(ms, undefined, { signal: stop }).catch(() => undefined);
}
