import { types } from 'node:util';

/** Causes of causes that are written at most; a chain that names itself would never end. */
const DEPTH = 5;

export interface DescribedError {
  readonly type: string;
  readonly message: string;
  readonly stack: string;
  readonly code?: string;
  /** PostgreSQL's names of what was involved; never its `detail`, which quotes rows. */
  readonly table?: string;
  readonly constraint?: string;
  readonly cause?: DescribedError;
}

/**
 * An error as it may be logged: an allow list of its properties, because drivers hang rows, parameters and
 * passwords on theirs. PostgreSQL's messages quote values ("invalid input syntax for type uuid: …"), so
 * only their code is kept.
 */
export function describeError(error: unknown, depth = DEPTH): DescribedError {
  // Not `instanceof`: an error of Node's own may come from another realm than this code.
  if (!types.isNativeError(error)) return { type: typeof error, message: '', stack: '' };
  const code = textOf(error, 'code');
  const quotesValues = textOf(error, 'severity') !== undefined;
  const message = quotesValues ? `SQLSTATE ${code ?? 'unknown'}` : error.message;
  return {
    type: error.name,
    message,
    stack: framesOf(error),
    ...(code === undefined ? {} : { code }),
    ...named('table', textOf(error, 'table')),
    ...named('constraint', textOf(error, 'constraint')),
    ...(error.cause === undefined || depth === 0
      ? {}
      : { cause: describeError(error.cause, depth - 1) }),
  };
}

const named = (name: 'table' | 'constraint', value: string | undefined): Partial<DescribedError> =>
  value === undefined ? {} : { [name]: value };

function textOf(error: Error, name: string): string | undefined {
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : undefined;
}

/** The frames alone: the first lines of a stack repeat the message. */
function framesOf(error: Error): string {
  const lines = (error.stack ?? '').split('\n');
  return lines.filter((line) => /^\s+at /.test(line)).join('\n');
}
