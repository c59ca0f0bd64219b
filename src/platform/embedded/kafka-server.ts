import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { kafkaJava, kafkaPrograms, kafkaStorage, type KafkaPrograms } from './kafka-programs.js';
import { EmbeddedUnavailable, type Settings } from './messages.js';
import { endOrphan } from './orphans.js';
import { freePort, LaunchedServer, type Server } from './server.js';

const START_PATIENCE_MS = 90_000;
const PORT_TRIES = 5;
const ENDING = { shutdown: ['SIGTERM'], cut: [] } as const;

const PROPERTIES: Settings = {
  'process.roles': 'broker,controller',
  'node.id': '1',
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'auto.create.topics.enable': 'false',
  'num.partitions': '3',
  'offsets.topic.num.partitions': '1',
  'offsets.topic.replication.factor': '1',
  'transaction.state.log.num.partitions': '1',
  'transaction.state.log.replication.factor': '1',
  'transaction.state.log.min.isr': '1',
  'share.coordinator.state.topic.num.partitions': '1',
  'share.coordinator.state.topic.replication.factor': '1',
  'share.coordinator.state.topic.min.isr': '1',
  'group.initial.rebalance.delay.ms': '0',
  // Segments are allocated whole; the default of 1 GB each is for disks of a cluster.
  'log.segment.bytes': '67108864',
  'log.index.size.max.bytes': '1048576',
};

const LOGGING = `
Configuration:
  status: error
  Appenders:
    Console:
      name: out
      target: SYSTEM_OUT
      PatternLayout:
        pattern: "%d{ISO8601} %p %c{1}: %m%n"
  Loggers:
    Root:
      level: warn
      AppenderRef:
        ref: out
`;

/**
 * Starts the Kafka broker (KRaft, one process) whose files lie in `directory`, formatting them first if they are not
 * there. Keeps its port of the last run when that is free. An orphan of a killed supervisor is shut down first.
 *
 * @param java more arguments for Java
 */
export async function startKafka(
  directory: string,
  settings: Settings,
  java: readonly string[] = [],
): Promise<Server> {
  const programs = await kafkaPrograms();
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const properties = join(directory, 'server.properties');
  await endLeftover(directory, properties);
  const logging = join(directory, 'log4j2.yaml');
  await writeFile(logging, LOGGING);
  for (let tries = 1; ; tries += 1) {
    const ports = await freePorts(directory);
    await writeFile(properties, propertiesText(directory, ports, settings));
    await format(programs, directory, properties);
    const server = await LaunchedServer.launch({
      command: programs.java,
      parameters: [
        `-Dlog4j2.configurationFile=${logging}`,
        ...java,
        ...kafkaJava(programs, 'kafka.Kafka', '320m'),
        properties,
      ],
      options: { cwd: directory },
      log: join(directory, 'kafka.log'),
    });
    await writeFile(join(directory, 'pid'), String(server.pid));
    try {
      await server.answering(() => answers(ports.broker), START_PATIENCE_MS);
    } catch (error) {
      await server.end(ENDING.cut);
      const isPortTaken = String(error).includes('Address already in use');
      if (isPortTaken && tries < PORT_TRIES) continue;
      throw new EmbeddedUnavailable(`The embedded Kafka did not start. ${String(error)}`);
    }
    await writeFile(join(directory, 'port'), String(ports.broker));
    return {
      pid: server.pid,
      address: `127.0.0.1:${String(ports.broker)}`,
      log: server.log,
      exited: server.exited,
      end: (how) => server.end(ENDING[how]),
    };
  }
}

function propertiesText(directory: string, ports: Ports, settings: Settings): string {
  const { broker, controller } = ports;
  const all: Settings = {
    ...PROPERTIES,
    listeners: `PLAINTEXT://127.0.0.1:${String(broker)},CONTROLLER://127.0.0.1:${String(controller)}`,
    'advertised.listeners': `PLAINTEXT://127.0.0.1:${String(broker)}`,
    // A fixed quorum of one: it may move to another port at each start.
    'controller.quorum.voters': `1@127.0.0.1:${String(controller)}`,
    'log.dirs': join(directory, 'data'),
    ...settings,
  };
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('');
}

async function format(
  programs: KafkaPrograms,
  directory: string,
  properties: string,
): Promise<void> {
  const done = join(directory, 'formatted');
  if (await exists(done)) return;
  const id = `0${randomBytes(16).toString('base64url').slice(1)}`; // a leading dash would look like an option
  const goal = ['format', '--ignore-formatted', '--cluster-id', id, '--config', properties];
  try {
    await kafkaStorage(programs, goal);
  } catch (error) {
    throw new EmbeddedUnavailable(`The embedded Kafka could not be set up: ${String(error)}`);
  }
  await writeFile(done, id);
}

/** The broker that a killed supervisor left behind. */
async function endLeftover(directory: string, properties: string): Promise<void> {
  const pid = Number(await readFile(join(directory, 'pid'), 'utf8').catch(() => '0'));
  if (pid > 0) await endOrphan(pid, [properties], ENDING.shutdown);
}

interface Ports {
  readonly broker: number;
  readonly controller: number;
}

async function freePorts(directory: string): Promise<Ports> {
  const kept = Number(await readFile(join(directory, 'port'), 'utf8').catch(() => '0'));
  const broker = await freePort(kept);
  let controller = await freePort();
  while (controller === broker) controller = await freePort();
  return { broker, controller };
}

/** Asks for the API versions, the one request that needs nothing: an answer means that requests are served. */
async function answers(port: number): Promise<boolean> {
  // Length, then API 18 in version 0, correlation 1, no client id (KIP-35).
  const request = Buffer.from('0000000a00120000' + '00000001' + 'ffff', 'hex');
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, timeout: 2_000 });
    const end = (isAnswered: boolean): void => {
      socket.destroy();
      resolve(isAnswered);
    };
    socket.once('connect', () => socket.write(request));
    socket.once('data', () => {
      end(true);
    });
    for (const event of ['error', 'close', 'timeout']) {
      socket.once(event, () => {
        end(false);
      });
    }
  });
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
