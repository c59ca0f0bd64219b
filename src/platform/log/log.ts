import { ALARMS, type AlarmCode } from './alarms.js';

/** What a line carries besides its message. Never a header, a body, a query string or a person's name. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the service writes down what it does, for its operators. Never throws. */
export abstract class Log {
  abstract debug(message: string, fields?: LogFields): void;
  abstract info(message: string, fields?: LogFields): void;
  abstract warn(message: string, fields?: LogFields): void;
  /** Something that an operator should look at. An `error` among the fields is written with its stack. */
  abstract error(message: string, fields?: LogFields): void;

  readonly #alarms = new Map<AlarmCode, number>(ALARMS.map((code) => [code, 0]));

  /** An error that has a code and is counted, so that somebody is called. */
  alarm(code: AlarmCode, message: string, fields: LogFields = {}): void {
    this.#alarms.set(code, (this.#alarms.get(code) ?? 0) + 1);
    this.error(message, { alarm: code, ...fields });
  }

  /** How often each alarm has been raised since the start. */
  get alarms(): ReadonlyMap<AlarmCode, number> {
    return this.#alarms;
  }
}
