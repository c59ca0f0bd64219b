import type { Installation } from './installation.js';

export interface Conditions {
  readonly say: (line: string) => void;
  readonly stop: AbortSignal;
  /** A tenth of the people: shows that the bench works, and measures nothing well. */
  readonly isQuick: boolean;
}

export interface Bench {
  /** One line for the list. */
  readonly about: string;
  /** Measures, tells, and returns what `--json` prints. @throws Error when what it measures is not as it claims */
  readonly run: (installation: Installation, how: Conditions) => Promise<object>;
}
