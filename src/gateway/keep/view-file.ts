import { join } from 'node:path';
import type { Secret } from '../../kernel/secret.js';
import type { KeptEntry, KeptView } from '../view/kept-view.js';
import type { Disk } from './disk.js';
import { Seal } from './seal.js';

/** `damaged`: cut short, changed, or written under another key. `newer`: a later version's. */
export type Discarded = 'damaged' | 'newer';

const VERSION = 1;
/** Entries in one piece: a few milliseconds of work, and then somebody else may have the thread. */
const AT_ONCE = 2_000;

/**
 * A view on disk, sealed by a key that is derived from the gateway's own. Signatures of the records would prove less:
 * the keys that they are checked with are kept beside this file (ADR 20).
 */
export class ViewFile {
  readonly #file: string;
  readonly #seal: Seal;
  readonly #disk: Disk;

  constructor(directory: string, gatewayKey: Secret, disk: Disk) {
    this.#file = join(directory, 'view.state');
    this.#disk = disk;
    this.#seal = new Seal(gatewayKey, 'offswitch:kept-view:v1');
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
    const mac = this.#seal.begin();
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
    yield this.#seal.line(mac);
  }

  /** Nothing in it is read before the seal has been found whole. */
  #open(bytes: Buffer): KeptView | Discarded {
    const text = this.#seal.open(bytes);
    if (text === null) return 'damaged';
    const [first = '', ...lines] = text.toString('utf8').trimEnd().split('\n');
    const { v, ...head } = JSON.parse(first) as Omit<KeptView, 'entries'> & { v: number };
    if (v !== VERSION) return 'newer';
    return { ...head, entries: lines.map((line) => JSON.parse(line) as KeptEntry) };
  }
}
