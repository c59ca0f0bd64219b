import type { Readable } from 'node:stream';

/**
 * Calls `each` with every JSON line of a stream and `ended` once when the other side is gone, however it went.
 * A line that is no JSON is `undefined`: the receiver refuses it like any unknown word.
 */
export function readLines(
  stream: Readable,
  each: (message: unknown) => void,
  ended: () => void,
): void {
  let rest = '';
  let isOver = false;
  const end = (): void => {
    if (isOver) return;
    isOver = true;
    ended();
  };
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) each(parsed(line));
  });
  stream.on('end', end);
  stream.on('close', end);
  // A reset connection is a holder that died: 'close' follows.
  stream.on('error', () => undefined);
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
