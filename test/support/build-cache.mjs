import { rm, stat } from 'node:fs/promises';

const OLD_MS = 3_600_000;

/** Removes builds of an hour ago: they belong to no run that is still going on. */
export async function forgetOld(directories) {
  await Promise.all(directories.map(forget));
}

async function forget(directory) {
  const found = await stat(directory).catch(() => null); // another run may have removed it
  if (found !== null && Date.now() - found.mtimeMs > OLD_MS)
    await rm(directory, { recursive: true, force: true });
}

export const isThere = (path) =>
  stat(path).then(
    () => true,
    () => false,
  );
