import { rm, stat, utimes } from 'node:fs/promises';

const OLD_MS = 3_600_000;

/** Removes builds that nobody began to use within the last hour: they belong to no run that is still going on. */
export async function forgetOld(directories) {
  await Promise.all(directories.map(forget));
}

async function forget(directory) {
  const found = await stat(directory).catch(() => null); // another run may have removed it
  if (found !== null && Date.now() - found.mtimeMs > OLD_MS)
    await rm(directory, { recursive: true, force: true });
}

/** Whether there is such a build; then it counts as used now. */
export const isThere = (path) =>
  utimes(path, new Date(), new Date()).then(
    () => true,
    () => false,
  );
