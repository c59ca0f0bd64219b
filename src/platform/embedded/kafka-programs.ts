import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { EmbeddedUnavailable } from './messages.js';

const run = promisify(execFile);

const OLDEST_JAVA = 17;

// Small and quick to start rather than fast for hours: one broker, a few partitions, one person's machine.
const JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Djava.awt.headless=true'];

const QUIET = ['-Xlog:disable', '-Xlog:all=error:stderr'];

export interface KafkaPrograms {
  readonly java: string;
  /** Class path with every jar of the broker. */
  readonly jars: string;
  /**
   * Where Java finds the broker's classes as it had them in memory (JEP 350), if they are there: a third of a start is
   * reading them. A test run, which starts two dozen brokers, leaves them.
   */
  readonly archive: string;
}

/** Arguments of Java for one of Kafka's programs, up to and with its main class. */
export function kafkaJava(programs: KafkaPrograms, main: string, heap: string): readonly string[] {
  const { archive, jars } = programs;
  // One of another Java, or of jars that were moved, is ignored, and not worth a word.
  const shared = existsSync(archive) ? [`-XX:SharedArchiveFile=${archive}`] : [];
  return [`-Xmx${heap}`, ...JVM, ...QUIET, ...shared, '-cp', jars, main];
}

/** Runs Kafka's StorageTool. Rejects as `execFile` does. */
export async function kafkaStorage(
  programs: KafkaPrograms,
  parameters: readonly string[],
): Promise<void> {
  await run(programs.java, [
    ...kafkaJava(programs, 'kafka.tools.StorageTool', '256m'),
    ...parameters,
  ]);
}

/** Throws `EmbeddedUnavailable` naming the ways out when Java is missing or too old, or Maven is needed and missing. */
export async function kafkaPrograms(): Promise<KafkaPrograms> {
  const [{ java, version }, jars] = await Promise.all([findJava(), findJars()]);
  return { java, jars: join(jars, '*'), archive: join(jars, `.broker-classes-${version}.jsa`) };
}

async function findJava(): Promise<{ readonly java: string; readonly version: string }> {
  const home = process.env['JAVA_HOME'];
  const java = home === undefined || home === '' ? 'java' : join(home, 'bin/java');
  const ways =
    'Install it (with Maven), or set KAFKA_BROKERS to a Kafka of your own, or use `docker compose up`.';
  try {
    const { stderr } = await run(java, ['-version']);
    const version = /version "([\w.+-]+)/u.exec(stderr)?.[1] ?? '';
    if (Number.parseInt(version, 10) >= OLDEST_JAVA) return { java, version };
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
