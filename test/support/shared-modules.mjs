/**
 * A transformer for jest, and what its output calls. Whatever a test file imports that is not a test becomes a stub;
 * the module behind it is loaded once per worker, as Node loads it. Loading and compiling the service anew for each
 * test file was half of what a run cost. So modules keep their state from one test file to the next.
 */
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);

/** What the stubs find in the global object of their test file. */
export const offswitchShared = {
  import: (path) => import(pathToFileURL(built(path)).href),
  require,
};

/** Sources are there as JavaScript (compiled.mjs), whose traces name the lines of the TypeScript. */
function built(path) {
  if (!path.endsWith('.ts')) return join(root, path);
  return join(process.env.OFFSWITCH_TEST_COMPILED, path.replace(/\.ts$/u, '.js'));
}

async function moduleStub(file) {
  const path = JSON.stringify(relative(root, file));
  const names = Object.keys(await offswitchShared.import(JSON.parse(path)));
  const lines = [`const shared = await offswitchShared.import(${path});`];
  const named = names.filter((name) => name !== 'default' && name !== 'module.exports');
  if (named.length > 0) lines.push(`export const { ${named.join(', ')} } = shared;`);
  if (names.includes('default')) lines.push('export default shared.default;');
  return lines.join('\n');
}

const scriptStub = (file) => `module.exports = offswitchShared.require(${JSON.stringify(file)});`;

/** As Node decides (https://nodejs.org/docs/latest-v20.x/api/packages.html#determining-module-system). */
function isModule(file) {
  if (/\.(?:ts|mjs)$/u.test(file)) return true;
  return file.endsWith('.js') && typeIn(dirname(file)) === 'module';
}

function typeIn(directory) {
  try {
    return require(join(directory, 'package.json')).type ?? 'commonjs';
  } catch (error) {
    if (error.code !== 'MODULE_NOT_FOUND') throw error;
    return typeIn(dirname(directory));
  }
}

export default {
  canInstrument: false,
  /** The names that a module exports may come from any other. */
  getCacheKey: (_, file) =>
    createHash('sha256')
      .update(`1\0${process.env.OFFSWITCH_TEST_COMPILED}\0${file}`)
      .digest('hex')
      .slice(0, 32),
  process: (_, file) => ({ code: scriptStub(file) }),
  processAsync: async (_, file) => ({
    code: isModule(file) ? await moduleStub(file) : scriptStub(file),
  }),
};
