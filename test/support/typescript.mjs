/**
 * `node --import ./test/support/typescript.mjs file.ts`: runs the sources without a build, compiled by swc as jest does.
 * Tests start the service and the supervisor of embedded servers this way, so they never test an old build.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { register } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

import { transform, version } from '@swc/core';

export const swcOptions = {
  jsc: {
    target: 'es2023',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true },
    keepClassNames: true,
  },
  module: { type: 'es6' },
};

if (isMainThread) register(import.meta.url);

export async function resolve(specifier, context, next) {
  const isOurs = specifier.startsWith('.') && specifier.endsWith('.js');
  if (isOurs && context.parentURL?.endsWith('.ts')) {
    return next(specifier.replace(/\.js$/u, '.ts'), context);
  }
  return next(specifier, context);
}

export async function load(url, context, next) {
  if (!url.startsWith('file:') || !url.endsWith('.ts')) return next(url, context);
  const source = await compiled(fileURLToPath(url));
  return { format: 'module', source, shortCircuit: true };
}

const options = { ...swcOptions, configFile: false, swcrc: false, sourceMaps: 'inline' };
const cache = fileURLToPath(new URL('../../node_modules/.cache/offswitch/', import.meta.url));

/** The suite starts dozens of processes: each compiles only what nobody has compiled before. */
async function compiled(filename) {
  const text = await readFile(filename, 'utf8');
  const name = createHash('sha256').update(JSON.stringify([version, options, filename, text]));
  const kept = join(cache, `${name.digest('hex')}.mjs`);
  try {
    return await readFile(kept, 'utf8');
  } catch {
    const { code } = await transform(text, { ...options, filename });
    await mkdir(cache, { recursive: true });
    const mine = `${kept}.${process.pid}`;
    await writeFile(mine, code);
    await rename(mine, kept); // whole or not there: others read it meanwhile
    return code;
  }
}
