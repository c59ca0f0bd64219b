/** What a line carries besides its message. Never a header, a body, a query string or a person's name. */
export type LogFields = Readonly<Record<string, unknown>>;

/** Where the service writes down what it does, for its operators. Never throws. */
export abstract class Log {
  abstract debug(message: string, fields?: LogFields): void;
  abstract info(message: string, fields?: LogFields): void;
  abstract warn(message: string, fields?: LogFields): void;
  /** Something that an operator should look at. An `error` among the fields is written with its stack. */
  abstract error(message: string, fields?: LogFields): void;
}
