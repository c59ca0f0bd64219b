import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Small files of ours that must be whole after a crash at any moment. */
export class Disk {
  /** Resolves when `file` is this text, also after the power fails; until then it is what it was, or this. */
  async replace(file: string, text: Iterable<string>): Promise<void> {
    const directory = dirname(file);
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const unfinished = `${file}.new`;
    const handle = await open(unfinished, 'w', 0o600);
    try {
      for (const piece of text) await handle.appendFile(piece);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(unfinished, file);
    const entry = await open(directory, 'r');
    try {
      await entry.sync();
    } finally {
      await entry.close();
    }
  }

  /** Null when there is no such file. */
  async read(file: string): Promise<Buffer | null> {
    try {
      return await readFile(file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  async remove(file: string): Promise<void> {
    await rm(file, { force: true });
  }
}
