import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EmbeddedUnavailable } from './messages.js';

const run = promisify(execFile);

const OLDEST_JAVA = 17;

export interface KafkaPrograms {
  readonly java: string;
  /** Class path with every jar of the broker. */
  readonly jars: string;
}

/** Throws `EmbeddedUnavailable` naming the ways out when Java is missing or too old, or Maven is needed and missing. */
export async function kafkaPrograms(): Promise<KafkaPrograms> {
  const [java, jars] = await Promise.all([findJava(), findJars()]);
  return { java, jars: join(jars, '*') };
}

async function findJava(): Promise<string> {
  const home = process.env['JAVA_HOME'];
  const java = home === undefined || home === '' ? 'java' : join(home, 'bin/java');
  const ways =
    'Install it (with Maven), or set KAFKA_BROKERS to a Kafka of your own, or use `docker compose up`.';
  try {
    const { stderr } = await run(java, ['-version']);
    const version = Number(/version "(\d+)/u.exec(stderr)?.[1]);
    if (version >= OLDEST_JAVA) return java;
    throw new EmbeddedUnavailable(
      `The embedded Kafka needs Java ${OLDEST_JAVA} or later, and this is Java ${version}. ${ways}`,
    );
  } catch (error) {
    if (error instanceof EmbeddedUnavailable) throw error;
    throw new EmbeddedUnavailable(`The embedded Kafka needs Java ${OLDEST_JAVA} or later. ${ways}`);
  }
}

async function findJars(): Promise<string> {
  try {
    const { stdout } = await run(process.execPath, [join(runtime(), 'kafka/fetch-jars.mjs')]);
    return stdout.trim();
  } catch (error) {
    throw new EmbeddedUnavailable((error as { stderr?: string }).stderr?.trim() ?? String(error));
  }
}

/** `runtime/` stands beside `src/`, and beside `dist/` when we are built. */
function runtime(): string {
  let directory = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(directory, 'runtime/kafka/pom.xml'))) {
    if (directory === dirname(directory)) {
      throw new EmbeddedUnavailable('runtime/kafka is not installed: set KAFKA_BROKERS.');
    }
    directory = dirname(directory);
  }
  return join(directory, 'runtime');
}
