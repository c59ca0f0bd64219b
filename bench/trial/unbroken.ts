import { types } from 'node:util';
import { DatabaseError } from 'pg';
import { DomainError } from '../../src/kernel/domain-error.js';

const TRIES = 5;

export interface Effort<T> {
  readonly stop?: AbortSignal | undefined;
  readonly onRepeat: () => void;
  readonly run: () => Promise<T>;
}

/** A machine that is out of breath lets connections time out: that says nothing about a history, so it is run again. */
export async function runUnbroken<T>({ run, onRepeat, stop }: Effort<T>): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    stop?.throwIfAborted();
    try {
      return await run();
    } catch (error) {
      if (attempt === TRIES || !isConnectionTrouble(error)) throw error;
      onRepeat();
    }
  }
}

/** Of SQLSTATE: the connection is lost. */
const LOST = '08';

/**
 * Whatever PostgreSQL answers is an answer. A deadlock, a lock or a statement that took too long may be the
 * fault that a trial looks for, although outside both are a 503 like a lost connection.
 */
export function isConnectionTrouble(error: unknown): boolean {
  const chain = causesOf(error);
  const answer = chain.find((one) => one instanceof DatabaseError);
  if (answer !== undefined) return answer.code?.startsWith(LOST) ?? false;
  const isOfOurs = chain.some((one) => one instanceof DomainError);
  // The transactions have looked at it already: without an answer of PostgreSQL's the cause is the connection.
  if (isOfOurs) return chain.length > 1 && chain.some(isUnavailable);
  return chain.some(({ message }) => /connection timeout|Connection terminated/.test(message));
}

const isUnavailable = (error: Error): boolean =>
  error instanceof DomainError && error.code === 'store.unavailable';

/** The error and its causes, with the codes that drivers give. */
export const told = (error: unknown): string => causesOf(error).map(withCode).join('; because of ');

function withCode(error: Error): string {
  const code: unknown = Reflect.get(error, 'code');
  const isSaid = typeof code !== 'string' || error.message.includes(code);
  return isSaid ? error.message : `${error.message} (${code})`;
}

function causesOf(error: unknown): readonly Error[] {
  const chain: Error[] = [];
  // Not `instanceof`: an error of Node's own may come from another realm than this code.
  for (let next = error; types.isNativeError(next) && !chain.includes(next); next = next.cause)
    chain.push(next);
  return chain.length > 0 ? chain : [new Error(String(error))];
}
