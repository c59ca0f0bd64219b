import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Jwks, Lease } from '../../contract/lease.js';
import { readJwks, readLease } from '../../contract/read-lease.js';

/** What a gateway needs to start while the service is away. Public keys only, but whoever writes here decides whom it believes. */
export interface Kept {
  readonly lease: Lease;
  /** The token keys. */
  readonly jwks: Jwks;
}

/** The last lease, kept in a directory of this gateway's own (mode 700, file 600). */
export class KeptLease {
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  get #file(): string {
    return join(this.#directory, 'lease.json');
  }

  /** Null when there is none, or none that can be read. */
  async read(): Promise<Kept | null> {
    try {
      const kept = JSON.parse(await readFile(this.#file, 'utf8')) as Partial<
        Record<string, unknown>
      >;
      return { lease: readLease(kept['lease']), jwks: readJwks(kept['jwks']) };
    } catch {
      return null;
    }
  }

  /** Whole or not at all: a start after a crash finds the lease of before or this one. */
  async write(kept: Kept): Promise<void> {
    await mkdir(this.#directory, { recursive: true, mode: 0o700 });
    const unfinished = `${this.#file}.new`;
    await writeFile(unfinished, JSON.stringify(kept), { mode: 0o600 });
    await rename(unfinished, this.#file);
  }
}
