import { join } from 'node:path';
import { readId } from '../../kernel/ids.js';
import type { Disk } from '../keep/disk.js';

/**
 * The processes that ended in this directory, until the service knows it. Whoever starts from here may let people in
 * before the service knows of it: until then the one before must go on counting, so it is the later one that says it.
 */
export class EndedProcesses {
  readonly #file: string;
  readonly #disk: Disk;

  constructor(directory: string, disk: Disk) {
    this.#file = join(directory, 'ended.json');
    this.#disk = disk;
  }

  /** @throws Error when it could not be written: then nobody will say it */
  async add(boot: string): Promise<void> {
    const others = (await this.#read()).filter((one) => one !== boot);
    await this.#write([...others, boot]);
  }

  /**
   * Says it of each, and forgets whom the service has heard of. Said again after a crash, which does nothing.
   *
   * @throws what `say` throws; what is left is for the next time
   */
  async tell(say: (boot: string) => Promise<void>): Promise<void> {
    for (const boot of await this.#read()) {
      await say(boot);
      await this.#write((await this.#read()).filter((one) => one !== boot));
    }
  }

  /** Nobody when it is not to be read: they count like ones that were killed. */
  async #read(): Promise<readonly string[]> {
    try {
      const boots: unknown = JSON.parse(String(await this.#disk.read(this.#file)));
      return Array.isArray(boots) ? boots.flatMap((boot) => readId(boot) ?? []) : [];
    } catch {
      return [];
    }
  }

  async #write(boots: readonly string[]): Promise<void> {
    if (boots.length === 0) await this.#disk.remove(this.#file);
    else await this.#disk.replace(this.#file, [JSON.stringify(boots)]);
  }
}
