/** What was written for all followers at once. */
export interface Round {
  readonly from: string;
  readonly to: string;
  readonly bytes: Buffer;
}

const MOST_ROUNDS = 600;
const MOST_BYTES = 16 * 1024 * 1024;

/** The newest rounds, one following the other, for those who come back after a moment. */
export class RecentRounds {
  #rounds: Round[] = [];
  #bytes = 0;

  clear(): void {
    this.#rounds = [];
    this.#bytes = 0;
  }

  add(round: Round): void {
    this.#rounds.push(round);
    this.#bytes += round.bytes.length;
    while (this.#rounds.length > MOST_ROUNDS || this.#bytes > MOST_BYTES)
      this.#bytes -= this.#rounds.shift()?.bytes.length ?? 0;
  }

  /** Whether {@link after} leads from one position to the other. */
  reaches(position: string, current: string): boolean {
    return position === current || this.#rounds.some(({ from }) => from === position);
  }

  /** Everything that was written behind a position. */
  after(position: string): readonly Buffer[] {
    const first = this.#rounds.findIndex(({ from }) => from === position);
    return first === -1 ? [] : this.#rounds.slice(first).map(({ bytes }) => bytes);
  }
}
