import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';
import { join } from 'node:path';
import type { Secret } from '../../kernel/secret.js';
import type { KeptEntry, KeptView } from '../view/kept-view.js';
import type { Disk } from './disk.js';

/** `damaged`: cut short, changed, or written under another key. `newer`: a later version's. */
export type Discarded = 'damaged' | 'newer';

const VERSION = 1;
/** Entries in one piece: a few milliseconds of work, and then somebody else may have the thread. */
const AT_ONCE = 2_000;
/** `mac `, the 43 characters of a base64url SHA-256, a line break. */
const SEAL_BYTES = 48;

/**
 * A view on disk, sealed by a key that is derived from the gateway's own. Signatures of the records would prove less:
 * the keys that they are checked with are kept beside this file (ADR 20).
 */
export class ViewFile {
  readonly #file: string;
  readonly #key: Uint8Array;
  readonly #disk: Disk;

  constructor(directory: string, gatewayKey: Secret, disk: Disk) {
    this.#file = join(directory, 'view.state');
    this.#disk = disk;
    const key = hkdfSync('sha256', gatewayKey.reveal(), '', 'offswitch:kept-view:v1', 32);
    this.#key = new Uint8Array(key);
  }

  async write(view: KeptView): Promise<void> {
    await this.#disk.replace(this.#file, this.#textOf(view));
  }

  /** What is no good is removed. Null when there is none. @throws Error when it cannot be read at all */
  async read(): Promise<KeptView | Discarded | null> {
    const bytes = await this.#disk.read(this.#file);
    if (bytes === null) return null;
    const found = this.#open(bytes);
    if (typeof found === 'string') await this.#disk.remove(this.#file);
    return found;
  }

  *#textOf({ entries, ...head }: KeptView): Generator<string> {
    const mac = createHmac('sha256', this.#key);
    const sealed = (text: string): string => {
      mac.update(text);
      return text;
    };
    yield sealed(`${JSON.stringify({ v: VERSION, ...head })}\n`);
    let lines: string[] = [];
    for (const entry of entries) {
      if (lines.push(`${JSON.stringify(entry)}\n`) < AT_ONCE) continue;
      yield sealed(lines.join(''));
      lines = [];
    }
    yield sealed(lines.join(''));
    yield `mac ${mac.digest('base64url')}\n`;
  }

  /** Nothing in it is read before the seal has been found whole. */
  #open(bytes: Buffer): KeptView | Discarded {
    if (bytes.length <= SEAL_BYTES) return 'damaged';
    const text = bytes.subarray(0, -SEAL_BYTES);
    const mac = createHmac('sha256', this.#key).update(text).digest('base64url');
    if (!timingSafeEqual(bytes.subarray(-SEAL_BYTES), Buffer.from(`mac ${mac}\n`)))
      return 'damaged';
    const [first = '', ...lines] = text.toString('utf8').trimEnd().split('\n');
    const { v, ...head } = JSON.parse(first) as Omit<KeptView, 'entries'> & { v: number };
    if (v !== VERSION) return 'newer';
    return { ...head, entries: lines.map((line) => JSON.parse(line) as KeptEntry) };
  }
}
