import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { forgetOld, isThere } from './build-cache.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cache = join(root, 'node_modules/.cache/offswitch');

/** What is imported by these names is bundled: all that starts slowly, and whoever shares classes with it. */
const BUNDLED = {
  '@grpc/grpc-js': ['.'],
  '@grpc/proto-loader': ['.'],
  '@nestjs/common': ['.', './constants.js'],
  '@nestjs/core': ['.'],
  '@nestjs/platform-express': ['.'],
  '@nestjs/platform-fastify': ['.'],
  '@nestjs/swagger': ['.'],
  '@nestjs/typeorm': ['.'],
  'class-transformer': ['.'],
  'class-validator': ['.'],
  'fast-check': ['.'],
  fastify: ['.'],
  jose: ['.'],
  'prom-client': ['.'],
  typeorm: ['.'],
};

/**
 * They look for files beside their own, or have to come before everybody else. TypeORM loads `pg` by itself: of two copies one would
 * not know the other's errors. We mend a part of kafkajs by its path.
 */
const LEFT_ALONE = ['kafkajs', 'pg', 'pino', 'reflect-metadata', 'swagger-ui-dist'];

/** `require`, as the bundled CommonJS modules know it. */
const REQUIRE = `import { createRequire as offswitchRequire } from 'node:module';
const require = offswitchRequire(import.meta.url);
const __filename = require('node:url').fileURLToPath(import.meta.url), __dirname = require('node:path').dirname(__filename);`;

/**
 * The packages that most tests load, as a few files instead of three thousand: jest reads and compiles each module again
 * for each test file, and a service that is started as a process does so once more.
 *
 * @returns {Promise<{ packages: string, files: ReadonlyMap<string, string> }>} a directory to be used as `node_modules`,
 * and the file for each name that is imported
 */
export async function bundledDependencies() {
  const made = await Promise.all(
    [join(root, 'package-lock.json'), fileURLToPath(import.meta.url)].map((file) => readFile(file)),
  );
  const hash = createHash('sha256').update(process.version);
  for (const bytes of made) hash.update(bytes);
  const built = join(cache, `packages-${hash.digest('hex').slice(0, 32)}`);
  if (!(await isThere(built))) await bundle(built);
  const packages = join(built, 'node_modules');
  return {
    packages,
    files: new Map(imports().map(({ name, file }) => [name, join(packages, file)])),
  };
}

/** Each name that may be imported, and its file. */
const imports = () =>
  Object.entries(BUNDLED).flatMap(([name, paths]) =>
    paths.map((path) => ({
      name: path === '.' ? name : `${name}/${path.slice(2)}`,
      file: join(name, fileOf(path)),
    })),
  );

const fileOf = (path) => (path === '.' ? 'index.mjs' : path.slice(2).replace(/\.js$/u, '.mjs'));

/** Whole or not there: another run may be building the same. */
async function bundle(built) {
  const mine = `${built}.${process.pid}`;
  const { build } = await import('esbuild');
  const entries = await writeEntries(join(mine, 'entries'));
  await build({
    absWorkingDir: root,
    entryPoints: entries,
    outdir: join(mine, 'node_modules'),
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    keepNames: true,
    minifyWhitespace: true,
    logLevel: 'error',
    banner: { js: REQUIRE },
    external: LEFT_ALONE,
    plugins: [leaveOutWhatIsNotInstalled],
  });
  for (const [name, paths] of Object.entries(BUNDLED)) {
    const exports = Object.fromEntries(paths.map((path) => [path, `./${fileOf(path)}`]));
    const file = join(mine, 'node_modules', name, 'package.json');
    await writeFile(file, JSON.stringify({ name, type: 'module', exports }));
  }
  const before = await readdir(cache);
  await rename(mine, built).catch(() => rm(mine, { recursive: true }));
  await forgetOld(
    before.filter((name) => name.startsWith('packages-')).map((name) => join(cache, name)),
  );
}

/** For each name a module that exports what Node would; esbuild alone gives a CommonJS module no named exports. */
async function writeEntries(directory) {
  const entries = {};
  for (const { name, file } of imports()) {
    const entry = join(directory, file);
    const exported = Object.keys(await import(name));
    await mkdir(dirname(entry), { recursive: true });
    await writeFile(entry, entryOf(name, exported));
    entries[file.replace(/\.mjs$/u, '')] = entry;
  }
  return entries;
}

const entryOf = (name, exported) =>
  [
    `import * as all from '${name}';`,
    ...(exported.includes('default') ? ['export default all.default;'] : []),
    ...exported
      .filter((one) => one !== 'default' && /^[\w$]+$/u.test(one))
      .map((one) => `const $${one} = all.${one}; export { $${one} as ${one} };`),
  ].join('\n');

/** Drivers and transports that nobody here has: whoever asks for one is told so at run time, as without a bundle. */
const leaveOutWhatIsNotInstalled = {
  name: 'leave out what is not installed',
  setup(build) {
    build.onResolve(
      { filter: /^[^./]/ },
      async ({ path, kind, importer, resolveDir, pluginData }) => {
        if (pluginData === 'asked') return undefined;
        const asked = await build.resolve(path, {
          kind,
          importer,
          resolveDir,
          pluginData: 'asked',
        });
        return asked.errors.length === 0 ? asked : { path, external: true };
      },
    );
  },
};
