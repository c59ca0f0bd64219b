/**
 * Puts the jars of `pom.xml` into `jars/`, by Maven, if they are not there. No dependencies: it runs before anything
 * is installed or built. `node runtime/kafka/fetch-jars.mjs` prints the directory.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const jars = join(here, 'jars');
const pom = join(here, 'pom.xml');

const WAYS_OUT =
  'Install Java 17 or later and Maven, or set KAFKA_BROKERS to a Kafka of your own, or use `docker compose up`.';

/** Whether the jars that `pom.xml` asks for now are there. */
export function haveJars() {
  return existsSync(join(jars, '.pom')) && readFileSync(join(jars, '.pom'), 'utf8') === digest();
}

/** The directory with the jars; fetched first if they are missing. Throws an Error that names the ways out. */
export function fetchJars() {
  if (haveJars()) return jars;
  // Fetched beside their place and then renamed: a start that dies half-way, or two at once, leave no half set.
  const half = mkdtempSync(join(here, 'jars.'));
  try {
    const goal = 'dependency:copy-dependencies';
    const parameters = ['-q', '-B', '-f', pom, goal, `-DoutputDirectory=${half}`];
    const run = spawnSync('mvn', parameters, { encoding: 'utf8' });
    if (run.error !== undefined) {
      throw new Error(`Maven (mvn) is not there, and Kafka's jars are not yet. ${WAYS_OUT}`);
    }
    if (run.status !== 0) {
      throw new Error(
        `Maven could not fetch Kafka's jars. ${WAYS_OUT}\n${run.stdout}${run.stderr}`,
      );
    }
    writeFileSync(join(half, '.pom'), digest());
    if (haveJars()) return jars;
    rmSync(jars, { recursive: true, force: true });
    renameSync(half, jars);
    return jars;
  } finally {
    rmSync(half, { recursive: true, force: true });
  }
}

function digest() {
  return createHash('sha256').update(readFileSync(pom)).digest('hex');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    process.stdout.write(`${fetchJars()}\n`);
  } catch (error) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
