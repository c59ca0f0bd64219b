/** Milliseconds on the clock that all processes of the machine share. */
export const machineMs = (): number => Number(process.hrtime.bigint()) / 1e6;

export interface Deed {
  /** When it should have begun: what was late counts as waiting. */
  readonly scheduledMs: number;
  readonly endedMs: number;
}

/**
 * Begins a deed each 1/rate seconds whether or not the ones before have ended. Times count from the schedule, so
 * that a stall is paid for by everyone whom it made wait (no coordinated omission).
 */
export async function openLoop<T>(
  items: readonly T[],
  perSecond: number,
  deed: (item: T) => Promise<void>,
  stop: AbortSignal,
): Promise<readonly Deed[]> {
  const begin = machineMs() + 50;
  const deeds: Promise<Deed>[] = [];
  for (const [i, item] of items.entries()) {
    const scheduledMs = begin + (i * 1_000) / perSecond;
    // Timers are coarse; the last millisecond is waited for turn by turn.
    for (let left = scheduledMs - machineMs(); left > 0; left = scheduledMs - machineMs())
      await (left > 2 ? later(left - 1.5) : turn());
    stop.throwIfAborted();
    deeds.push(deed(item).then(() => ({ scheduledMs, endedMs: machineMs() })));
  }
  return Promise.all(deeds);
}

/** As fast as it goes with so many at once. @returns milliseconds from the first to the last */
export async function closedLoop<T>(
  items: readonly T[],
  atOnce: number,
  deed: (item: T) => Promise<void>,
  stop: AbortSignal,
): Promise<number> {
  const begin = machineMs();
  let next = 0;
  const work = async (): Promise<void> => {
    for (let item = items[next++]; item !== undefined; item = items[next++]) {
      stop.throwIfAborted();
      await deed(item);
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  return machineMs() - begin;
}

const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
