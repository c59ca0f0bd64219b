const REMEMBERED = 1024;

/** The digests of the newest watermarks of a chain, by seq. */
export class HeadHistory {
  readonly #digests = new Map<number, string>();

  clear(): void {
    this.#digests.clear();
  }

  digestOf(seq: number): string | undefined {
    return this.#digests.get(seq);
  }

  add(seq: number, digest: string): void {
    this.#digests.set(seq, digest);
    this.#digests.delete(seq - REMEMBERED);
  }

  /** Forgets everything behind `seq`: another branch takes over from there. */
  truncate(seq: number): void {
    for (const known of this.#digests.keys()) if (known > seq) this.#digests.delete(known);
  }
}
