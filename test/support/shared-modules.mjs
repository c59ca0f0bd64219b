/**
 * A transformer for jest. What a test file imports from outside test/ becomes a stub: the module itself is loaded once
 * per worker, as Node loads it, and not once per test file. Loading and compiling the service anew for each of 200
 * files was half of what a run cost. Sources come from compiled.mjs, so their traces name the lines of the TypeScript.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @param {string} path below the project, as jest resolved it */
export const importShared = (path) => import(pathToFileURL(loaded(path)).href);
export const requireShared = createRequire(import.meta.url);

const loaded = (path) =>
  path.endsWith('.ts') ? join(process.env.OFFSWITCH_TEST_COMPILED, path.replace(/\.ts$/u, '.js')) : join(root, path);

const isModule = (file) => file.endsWith('.ts') || file.endsWith('.mjs') || (file.endsWith('.js') && typeOf(dirname(file)) === 'module');

function typeOf(directory) {
  try {
    const { type } = requireShared(join(directory, 'package.json'));
    return type ?? 'commonjs';
  } catch {
    return typeOf(dirname(directory));
  }
}

async function moduleStub(file) {
  const path = relative(root, file);
  const names = Object.keys(await importShared(path)).filter((name) => name !== 'default' && name !== 'module.exports');
  const hasDefault = 'default' in (await importShared(path));
  const lines = [`const shared = await offswitchShared.import(${JSON.stringify(path)});`];
  if (names.length > 0) lines.push(`export const { ${names.join(', ')} } = shared;`);
  if (hasDefault) lines.push('export default shared.default;');
  return lines.join('\n');
}

const commonStub = (file) => `module.exports = offswitchShared.require(${JSON.stringify(file)});`;

export default {
  canInstrument: false,
  getCacheKey: (_, file) =>
    createHash('sha256').update(`${process.env.OFFSWITCH_TEST_COMPILED}\0${file}`).digest('hex').slice(0, 32),
  process: (_, file) => ({ code: commonStub(file) }),
  processAsync: async (_, file) => ({ code: isModule(file) ? await moduleStub(file) : commonStub(file) }),
};
