import { join } from 'node:path';
import type { Jwks, Lease } from '../../contract/lease.js';
import { readJwks, readLease } from '../../contract/read-lease.js';
import type { Disk } from '../keep/disk.js';

/** What a gateway needs to start while the service is away. Public keys only, but whoever writes here decides whom it believes. */
export interface Kept {
  readonly lease: Lease;
  /** The token keys. */
  readonly jwks: Jwks;
}

/** The last lease, kept in a directory of this gateway's own (mode 700, file 600). */
export class KeptLease {
  readonly #file: string;
  readonly #disk: Disk;

  constructor(directory: string, disk: Disk) {
    this.#file = join(directory, 'lease.json');
    this.#disk = disk;
  }

  /** Null when there is none, or none that can be read. */
  async read(): Promise<Kept | null> {
    try {
      const text = await this.#disk.read(this.#file);
      const kept = JSON.parse(String(text)) as Readonly<Record<string, unknown>>;
      return { lease: readLease(kept['lease']), jwks: readJwks(kept['jwks']) };
    } catch {
      return null;
    }
  }

  /** Whole or not at all: a start after a crash finds the lease of before or this one. */
  async write(kept: Kept): Promise<void> {
    await this.#disk.replace(this.#file, [JSON.stringify(kept)]);
  }
}
