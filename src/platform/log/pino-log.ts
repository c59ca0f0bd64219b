import { pino, type Logger } from 'pino';
import { PinoPretty } from 'pino-pretty';
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
    const sink = settings.pretty
      ? PinoPretty({
          sync: true,
          messageKey: 'message',
          ...(settings.sink ? { destination: settings.sink } : {}),
        })
      : settings.sink;
    this.#pino = sink === undefined ? pino(options) : pino(options, sink);
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
