import { pino, type Logger } from 'pino';
import { prettyFactory } from 'pino-pretty';
import { describeError } from './describe-error.js';
import { Log, type LogFields } from './log.js';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LogSettings {
  readonly level: LogLevel;
  /** Lines for people instead of JSON. */
  readonly pretty: boolean;
  /** Where lines go instead of standard output. */
  readonly sink?: { write(line: string): void };
}

const STANDARD_OUTPUT = 1;

/** JSON lines. Secrets stay out by their type: a `Secret` prints itself as `[redacted]`. */
export class PinoLog extends Log {
  readonly #pino: Logger;

  constructor(settings: LogSettings) {
    super();
    const options = {
      level: settings.level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label: string) => ({ level: label }) },
      serializers: { error: describeError },
    };
    const out = settings.sink ?? pino.destination({ dest: STANDARD_OUTPUT, sync: true });
    this.#pino = pino(options, settings.pretty ? forPeople(out) : out);
  }

  override debug(message: string, fields: LogFields = {}): void {
    this.#pino.debug(fields, message);
  }

  override info(message: string, fields: LogFields = {}): void {
    this.#pino.info(fields, message);
  }

  override warn(message: string, fields: LogFields = {}): void {
    this.#pino.warn(fields, message);
  }

  override error(message: string, fields: LogFields = {}): void {
    this.#pino.error(fields, message);
  }
}

/** Formats in this thread: a worker of its own would outlive what it reports. */
function forPeople(out: { write(line: string): unknown }): { write(line: string): void } {
  const format: (line: string) => string = prettyFactory({ messageKey: 'message' });
  return { write: (line) => void out.write(format(line)) };
}
