/**
 * `node --import ./test/support/typescript.mjs file.ts`: runs the sources without a build, compiled by swc as jest does.
 * Tests start the service and the supervisor of embedded servers this way, so they never test an old build.
 */
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { fileURLToPath } from 'node:url';
import { isMainThread } from 'node:worker_threads';

import { transform } from '@swc/core';

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
  const filename = fileURLToPath(url);
  const options = {
    ...swcOptions,
    filename,
    configFile: false,
    swcrc: false,
    sourceMaps: 'inline',
  };
  const { code } = await transform(await readFile(filename, 'utf8'), options);
  return { format: 'module', source: code, shortCircuit: true };
}
