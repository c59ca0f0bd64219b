import type { LoggerService } from '@nestjs/common';
import type { Log } from './log.js';

/** What NestJS itself has to say, as lines of ours. Its start-up chatter is for debugging. */
export class NestLog implements LoggerService {
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  log(message: unknown, ...rest: unknown[]): void {
    this.#log.debug(textOf(message), { context: contextOf(rest) });
  }

  debug(message: unknown, ...rest: unknown[]): void {
    this.#log.debug(textOf(message), { context: contextOf(rest) });
  }

  verbose(message: unknown, ...rest: unknown[]): void {
    this.#log.debug(textOf(message), { context: contextOf(rest) });
  }

  warn(message: unknown, ...rest: unknown[]): void {
    this.#log.warn(textOf(message), { context: contextOf(rest) });
  }

  error(message: unknown, ...rest: unknown[]): void {
    this.#log.error(textOf(message), {
      context: contextOf(rest),
      ...(message instanceof Error ? { error: message } : {}),
    });
  }

  fatal(message: unknown, ...rest: unknown[]): void {
    this.error(message, ...rest);
  }
}

/** An error's message stays in its own description, which knows what may be written. */
const textOf = (message: unknown): string =>
  message instanceof Error ? 'nest' : typeof message === 'string' ? message : typeof message;

const contextOf = (rest: readonly unknown[]): string => {
  const last = rest.at(-1);
  return typeof last === 'string' ? last : 'nest';
};
