/**
 * A queue that serves organizations in turn, one entry each, so that ten thousand leavers of one do not make the
 * single leaver of another wait.
 */
export class FairQueue<T> {
  readonly #lines = new Map<string, T[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(owner: string, entry: T): void {
    const line = this.#lines.get(owner);
    if (line === undefined) this.#lines.set(owner, [entry]);
    else line.push(entry);
    this.#size += 1;
  }

  /** Removes and returns at most `count` entries. Whoever was served goes behind those who still wait. */
  take(count: number): T[] {
    const taken: T[] = [];
    while (taken.length < count) {
      const [first] = this.#lines;
      if (first === undefined) break;
      const [owner, line] = first;
      this.#lines.delete(owner);
      const entry = line.shift();
      if (entry !== undefined) taken.push(entry);
      if (line.length > 0) this.#lines.set(owner, line);
    }
    this.#size -= taken.length;
    return taken;
  }
}
