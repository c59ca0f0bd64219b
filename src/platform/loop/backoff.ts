/** Growing waits between attempts, spread so that replicas which failed together do not return together. */
export class Backoff {
  readonly #firstMs: number;
  readonly #mostMs: number;
  #nextMs: number;

  constructor(firstMs: number, mostMs: number) {
    this.#firstMs = firstMs;
    this.#mostMs = mostMs;
    this.#nextMs = firstMs;
  }

  /** How long to wait before the next attempt, milliseconds. */
  next(): number {
    const ms = this.#nextMs;
    this.#nextMs = Math.min(this.#mostMs, ms * 2);
    return ms * (0.75 + Math.random() / 2);
  }

  /** It worked: the next failure is a first one again. */
  reset(): void {
    this.#nextMs = this.#firstMs;
  }
}
