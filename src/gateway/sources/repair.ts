import { pause } from '../pause.js';
import type { Report } from '../report.js';
import type { Received } from '../view/authenticate.js';
import type { FeedFollower } from './source.js';

/** Gives records out by their digests. */
export interface RecordSource {
  record(digest: string, stop: AbortSignal): Promise<Received | null>;
}

const LOOK_MS = 100;
const AGAIN_MS = 1_000;
const AT_ONCE = 16;

/**
 * Fetches what watermarks list and the topic did not bring, be it that it cannot carry it or that somebody withholds
 * it. Records stand on the topic before the watermark that lists them, so there is nothing to wait for.
 */
export async function repairMissing(
  source: RecordSource,
  follower: FeedFollower,
  { stop, report }: { readonly stop: AbortSignal; readonly report: Report },
): Promise<void> {
  while (!stop.aborted) {
    const lacking = follower.lacking(AT_ONCE);
    const healed = await Promise.all(lacking.map((digest) => fetchOne(digest)));
    // Those that nobody has are asked for again, but not all the time.
    await pause(healed.includes(false) ? AGAIN_MS : lacking.length > 0 ? 0 : LOOK_MS, stop);
  }

  async function fetchOne(digest: string): Promise<boolean> {
    try {
      const record = await source.record(digest, stop);
      const isHealed = record !== null && follower.heal(record, digest);
      if (isHealed) report({ kind: 'record.repaired', digest });
      return isHealed;
    } catch (error) {
      if (!stop.aborted) report({ kind: 'source.failed', error });
      return false;
    }
  }
}
