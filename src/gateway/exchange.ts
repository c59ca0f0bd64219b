export interface Patience {
  readonly stop: AbortSignal;
  readonly ms: number;
  /** What may take no longer: all of it, or each wait for more bytes. */
  readonly of: 'everything' | 'silence';
}

/** What the service answered. Its body is read once, or dropped. */
export class Answer {
  readonly #response: Response;
  readonly #next: () => Promise<Uint8Array | null>;

  /** `next` gives the next bytes of the body, null at its end */
  constructor(response: Response, next: () => Promise<Uint8Array | null>) {
    this.#response = response;
    this.#next = next;
  }

  get status(): number {
    return this.#response.status;
  }

  /** Empty when the answer has none of that name. */
  header(name: string): string {
    return this.#response.headers.get(name) ?? '';
  }

  async *chunks(): AsyncGenerator<Uint8Array, void> {
    for (let bytes = await this.#next(); bytes !== null; bytes = await this.#next()) yield bytes;
  }

  async bytes(): Promise<Buffer> {
    const all: Uint8Array[] = [];
    for await (const bytes of this.chunks()) all.push(bytes);
    return Buffer.concat(all);
  }

  async json(): Promise<unknown> {
    return JSON.parse((await this.bytes()).toString('utf8')) as unknown;
  }
}

/**
 * Asks the service and hands its answer to `read`. A redirection is no answer: it would carry the key elsewhere.
 *
 * `fetch` alone does not do: undici (Node 20) may forget its signal when memory is collected, and then reads a stream for
 * ever; a signal made of others (`AbortSignal.any`, `timeout`) may itself be collected before it fires. So the time is
 * ours, and the body is cut by hand.
 *
 * @throws Error when the service cannot be reached, patience ends, or `stop` is aborted; and what `read` throws
 */
export async function exchange<T>(
  url: string,
  request: Omit<RequestInit, 'signal' | 'redirect'>,
  { stop, ms, of }: Patience,
  read: (answer: Answer) => Promise<T>,
): Promise<T> {
  const over = new AbortController();
  const end = (): void => {
    over.abort(stop.reason);
  };
  const late = (): void => {
    over.abort(new Error(`nothing came for ${ms} ms`));
  };
  let timer = setTimeout(late, ms);
  stop.addEventListener('abort', end);
  if (stop.aborted) end();
  let body: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const cut = (): void => {
    body?.cancel().catch(() => undefined);
  };
  try {
    const response = await fetch(url, { ...request, redirect: 'error', signal: over.signal });
    body = response.body?.getReader();
    over.signal.addEventListener('abort', cut);
    const next = async (): Promise<Uint8Array | null> => {
      over.signal.throwIfAborted();
      const part = await body?.read();
      over.signal.throwIfAborted();
      if (of === 'silence') {
        clearTimeout(timer);
        timer = setTimeout(late, ms);
      }
      return part?.value ?? null;
    };
    return await read(new Answer(response, next));
  } finally {
    clearTimeout(timer);
    stop.removeEventListener('abort', end);
    cut();
  }
}
