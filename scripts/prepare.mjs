/** What a clone needs before it can run, each step done only if it is not done yet. No dependencies. */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchJars, haveJars } from '../runtime/kafka/fetch-jars.mjs';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const inRoot = (path) => join(root, path);

/** A step that did not work; the message is for the person at the terminal. */
export class StepFailed extends Error {}

export const STEPS = {
  packages: { title: 'installing packages', isDone: havePackages, run: installPackages },
  build: { title: 'building', isDone: isBuilt, run: build },
  kafka: { title: "fetching Kafka's jars", isDone: haveJars, run: fetchJars },
};

/** Does those of the named steps that are not done, one progress line each, on standard error. */
export function prepare(names) {
  const missing = names.filter((name) => !STEPS[name].isDone());
  if (missing.length === 0) return;
  alone(() => {
    for (const name of missing) {
      const { title, isDone, run } = STEPS[name];
      if (isDone()) continue; // another start did it while we waited
      process.stderr.write(`${title} … `);
      const start = Date.now();
      try {
        run();
      } catch (error) {
        process.stderr.write('failed\n');
        throw new StepFailed(error.message);
      }
      process.stderr.write(`${((Date.now() - start) / 1000).toFixed(1)} s\n`);
    }
  });
}

/** Whether every package of the lock file is installed in the version that it names. */
function havePackages() {
  const installed = packagesOf('node_modules/.package-lock.json');
  const locked = packagesOf('package-lock.json');
  if (installed === null || locked === null) return false;
  return Object.entries(locked).every(([path, wanted]) => {
    if (path === '') return true;
    const found = installed[path];
    // An optional package may be one for another machine.
    return found === undefined ? wanted.optional === true : found.version === wanted.version;
  });
}

function packagesOf(file) {
  try {
    return JSON.parse(readFileSync(inRoot(file), 'utf8')).packages;
  } catch {
    return null;
  }
}

function installPackages() {
  const parameters = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
  const npm = process.env['npm_execpath'];
  if (npm?.endsWith('.js') === true) quietly(process.execPath, [npm, ...parameters]);
  else quietly('npm', parameters);
}

const STAMP = 'dist/.built';

/** What the build reads. A directory's own time tells of files that went. */
const SOURCES = [
  'src',
  'migrations',
  'tsconfig.json',
  'tsconfig.build.json',
  'nest-cli.json',
  'package-lock.json',
];

function isBuilt() {
  if (!existsSync(inRoot(STAMP))) return false;
  const built = statSync(inRoot(STAMP)).mtimeMs;
  return SOURCES.every((path) => newest(inRoot(path)) <= built);
}

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce(
    (latest, name) => Math.max(latest, newest(join(path, name))),
    stat.mtimeMs,
  );
}

function build() {
  const start = Date.now() / 1000;
  quietly(process.execPath, [inRoot('node_modules/@nestjs/cli/bin/nest.js'), 'build']);
  // Dated by its start: what was saved while it ran is built next time.
  writeFileSync(inRoot(STAMP), '');
  utimesSync(inRoot(STAMP), start, start);
}

function quietly(command, parameters) {
  const run = spawnSync(command, parameters, { cwd: root, encoding: 'utf8' });
  if (run.error !== undefined) throw new Error(`${command}: ${run.error.message}`);
  if (run.signal !== null) throw new Error(`${command} was ended by ${run.signal}`);
  if (run.status !== 0) throw new Error(`${run.stdout}${run.stderr}`.trim());
}

const CLAIM = '.preparing';

/** One start at a time: two that built the same directory would tear it apart. A dead one's claim is void. */
function alone(work) {
  for (let tries = 0; !claimed(); tries += 1) {
    if (tries === 10) process.stderr.write(`waiting for another start (${CLAIM} has its pid)\n`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
  }
  try {
    work();
  } finally {
    rmSync(inRoot(CLAIM), { force: true });
  }
}

function claimed() {
  try {
    writeFileSync(inRoot(CLAIM), String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  try {
    process.kill(Number(readFileSync(inRoot(CLAIM), 'utf8')), 0);
  } catch (error) {
    if (error.code === 'ESRCH') rmSync(inRoot(CLAIM), { force: true });
  }
  return false;
}
