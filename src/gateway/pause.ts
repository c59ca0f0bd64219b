import { setTimeout as after } from 'node:timers/promises';

/** Waits, or less when `stop` is aborted meanwhile. Never rejects: a loop looks at `stop` itself. */
export async function pause(ms: number, stop: AbortSignal): Promise<void> {
  await after(ms, undefined, { signal: stop }).catch(() => undefined);
}
