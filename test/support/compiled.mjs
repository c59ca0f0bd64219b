import { createHash } from 'node:crypto';
import { cp, mkdir, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { transform, version } from '@swc/core';
import { forgetOld, isThere } from './build-cache.mjs';
import { bundledDependencies } from './dependencies.mjs';
import { swcOptions } from './typescript.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, 'node_modules/.cache/offswitch');
const FOLDERS = ['src', 'migrations', 'test/support'];

/**
 * The sources as JavaScript, compiled once for all processes of a run: a loader costs each of them two seconds. The
 * directory is named after what is in it, so that nobody ever runs an old build.
 *
 * @returns {Promise<string>} the directory that holds `src/`, `migrations/` and `test/support/`
 */
export async function compileSources() {
  const files = (await Promise.all(FOLDERS.map(filesIn))).flat().sort();
  const texts = await Promise.all(files.map((file) => readFile(join(root, file))));
  const { packages } = await bundledDependencies();
  const hash = createHash('sha256').update(JSON.stringify([version, swcOptions, packages]));
  for (const [i, file] of files.entries()) hash.update(`${file}\0`).update(texts[i]);
  const built = join(cache, hash.digest('hex').slice(0, 32));
  if (await isThere(built)) return built;
  const mine = `${built}.${process.pid}`;
  await Promise.all(files.map((file, i) => compile(mine, file, texts[i])));
  await cp(join(root, 'package.json'), join(mine, 'package.json'));
  // Nearer to the sources than those of the project, so Node takes these.
  await symlink(packages, join(mine, 'node_modules'));
  const before = await readdir(cache);
  // Whole or not there: another run may be building the same.
  await rename(mine, built).catch(() => rm(mine, { recursive: true }));
  await forgetOld(
    before.filter((name) => /^[0-9a-f]{32}$/u.test(name)).map((name) => join(cache, name)),
  );
  return built;
}

async function filesIn(folder) {
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(root.length));
}

async function compile(to, file, bytes) {
  const target = join(to, file.replace(/\.ts$/u, '.js'));
  await mkdir(dirname(target), { recursive: true });
  if (!file.endsWith('.ts')) return writeFile(target, bytes);
  const options = { ...swcOptions, filename: join(root, file), configFile: false, swcrc: false };
  const { code } = await transform(bytes.toString('utf8'), options);
  return writeFile(target, code);
}
