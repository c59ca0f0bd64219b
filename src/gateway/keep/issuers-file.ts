import { join } from 'node:path';
import type { Secret } from '../../kernel/secret.js';
import type { Report } from '../report.js';
import type { KeptIssuer } from '../foreign/issuer-keys.js';
import type { Disk } from './disk.js';
import { Seal } from './seal.js';

const VERSION = 1;

export interface IssuersFileParts {
  readonly directory: string;
  readonly gatewayKey: Secret;
  readonly disk: Disk;
  readonly report: Report;
}

/** The keys of foreign issuers on disk, sealed like the view: whoever wrote here would decide whom we let in. */
export class IssuersFile {
  readonly #parts: IssuersFileParts;
  readonly #file: string;
  readonly #seal: Seal;
  #writing: Promise<void> = Promise.resolve();
  #isWaiting = false;

  constructor(parts: IssuersFileParts) {
    this.#parts = parts;
    this.#file = join(parts.directory, 'issuers.state');
    this.#seal = new Seal(parts.gatewayKey, 'offswitch:kept-issuers:v1');
  }

  /** None when there are none, or none that we have sealed. Never rejects. */
  async read(): Promise<readonly KeptIssuer[]> {
    try {
      const bytes = await this.#parts.disk.read(this.#file);
      const text = bytes === null ? null : this.#seal.open(bytes);
      if (text === null) return [];
      const { v, issuers } = JSON.parse(text.toString('utf8')) as { v: number; issuers: unknown };
      return v === VERSION ? (issuers as readonly KeptIssuer[]) : [];
    } catch {
      return [];
    }
  }

  /**
   * Writes what `issuers` says when its turn comes; who asks meanwhile is served by that. Never rejects: what cannot be
   * replaced is removed, for a key that has been withdrawn must not come back. If that fails, too, the older ones stay,
   * and somebody is told. So they do if we die before the write: a process after this one goes by them until it hears.
   */
  async write(issuers: () => readonly KeptIssuer[]): Promise<void> {
    if (this.#isWaiting) return this.#writing;
    this.#isWaiting = true;
    this.#writing = this.#writing.then(() => {
      this.#isWaiting = false;
      return this.#replace(issuers());
    });
    return this.#writing;
  }

  async #replace(issuers: readonly KeptIssuer[]): Promise<void> {
    const { disk, report } = this.#parts;
    const text = `${JSON.stringify({ v: VERSION, issuers })}\n`;
    try {
      await disk.replace(this.#file, [text, this.#seal.line(this.#seal.begin().update(text))]);
    } catch (error) {
      const isOlderLeft = await disk.remove(this.#file).then(
        () => false,
        () => true,
      );
      report({ kind: 'issuers.not-kept', error, isOlderLeft });
    }
  }
}
