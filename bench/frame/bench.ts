import type { Settings } from '../../src/platform/embedded/messages.js';
import type { Installation } from './installation.js';

export interface Conditions {
  readonly say: (line: string) => void;
  readonly stop: AbortSignal;
  /** A tenth of the people: shows that the bench works, and measures nothing well. */
  readonly isQuick: boolean;
  /** What `--name N` says; one of the bench's own options. */
  readonly option: (name: string, otherwise: number) => number;
  /** PostgreSQL, Kafka and the service: started when they are asked for first, ended with the run. */
  readonly installation: (postgresSettings?: Settings) => Promise<Installation>;
  /** What else must be ended with the run, however it ends. The last one first. */
  readonly atEnd: (end: () => Promise<unknown>) => void;
}

export interface Bench {
  /** One line for the list. */
  readonly about: string;
  /** Names of `--name N`. */
  readonly options?: readonly string[];
  /** Measures, tells, and returns what `--json` prints. @throws Error when what it measures is not as it claims */
  readonly run: (how: Conditions) => Promise<object>;
}
