import type { Clock } from '../../kernel/clock.js';
import { pause } from '../pause.js';
import type { Report } from '../report.js';
import type { KeptView } from '../view/kept-view.js';
import type { ViewFile } from './view-file.js';

export interface ViewKeeperParts {
  readonly file: ViewFile;
  /** Null while nothing is to be written: the view is not fresh, and no more is against it than the last file says. */
  readonly view: () => KeptView | null;
  /** Between two writes at least, milliseconds. */
  readonly everyMs: number;
  readonly clock: Clock;
  readonly report: Report;
}

/** Of the time at most one part in so many goes into writing, however large the view. */
const SHARE = 20;

export const restAfter = (tookMs: number, everyMs: number): number =>
  Math.max(everyMs, (SHARE - 1) * tookMs);

/** Keeps the view on disk while it is fresh, and once more when the process is told to end. */
export class ViewKeeper {
  readonly #parts: ViewKeeperParts;

  constructor(parts: ViewKeeperParts) {
    this.#parts = parts;
  }

  async run(stop: AbortSignal): Promise<void> {
    const { clock, everyMs } = this.#parts;
    let restMs = everyMs;
    for (;;) {
      await pause(restMs, stop);
      if (stop.aborted) break;
      const beganAtMs = clock.monotonicMs();
      await this.keep();
      restMs = restAfter(clock.monotonicMs() - beganAtMs, everyMs);
    }
    await this.keep(); // what was written last may have begun before the last record
  }

  /** Never rejects. */
  async keep(): Promise<void> {
    const { file, view, report } = this.#parts;
    const kept = view();
    if (kept === null) return;
    try {
      await file.write(kept);
    } catch (error) {
      report({ kind: 'view.not-kept', error });
    }
  }
}
