type Case = Readonly<Record<string, unknown>>;

/** Tells the story to a person, or keeps quiet for a machine. */
export class Teller {
  readonly #write: (line: string) => void;

  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  chapter(title: string): void {
    this.#write('');
    this.#write(title);
  }

  say(sentence: string): void {
    this.#write(`  ${sentence}`);
  }

  timeline(answeredMs: number, deniedMs: Readonly<Record<string, number>>): void {
    const moments = [
      ['request', 0],
      ['answered, committed', answeredMs],
      ...Object.entries(deniedMs).map(([gateway, ms]) => [`denied at ${gateway}`, ms] as const),
    ] as const;
    for (const [what, ms] of [...moments].sort((a, b) => a[1] - b[1]))
      this.#write(`    ${ms.toFixed(1).padStart(9)} ms  ${what}`);
  }

  evidence(name: string, found: Case): void {
    const timeline = found['timeline'] as Readonly<Record<string, string | null>>;
    const counts = found['counts'] as Readonly<Record<string, number>>;
    this.#write(
      `  ${name}: ${String(found['state'])}, ${counted(counts['tokens'], 'token')} on ${counted(counts['devices'], 'device')}; ` +
        `received ${clock(timeline['received_at'])}, revoked ${clock(timeline['revoked_at'])}, ` +
        `broker ${clock(timeline['broker_acked_at'])}, last gateway ${clock(timeline['last_enforced_at'])}; one audit entry, as it must be`,
    );
  }
}

const clock = (time: string | null | undefined): string => time?.slice(11, 23) ?? 'unknown';

const counted = (n = 0, noun: string): string => `${n} ${noun}${n === 1 ? '' : 's'}`;
