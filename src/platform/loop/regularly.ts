import type { Log } from '../log/log.js';
import { pause } from '../time/pause.js';

/** At once and again after each pause. A look that fails is said in the words of `failed`, and the next one follows. */
export async function regularly(
  look: () => Promise<unknown>,
  {
    everyMs,
    log,
    failed,
  }: { readonly everyMs: number; readonly log: Log; readonly failed: string },
  stop: AbortSignal,
): Promise<void> {
  while (!stop.aborted) {
    try {
      await look();
    } catch (error) {
      log.warn(failed, { error });
    }
    await pause(everyMs, stop);
  }
}
