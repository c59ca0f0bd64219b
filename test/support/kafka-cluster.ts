import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  kafkaJava,
  kafkaPrograms,
  kafkaStorage,
  type KafkaPrograms,
} from '../../src/platform/embedded/kafka-programs.js';
import { freePort, LaunchedServer } from '../../src/platform/embedded/server.js';

const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg';
const PATIENCE_MS = 90_000;

const PROPERTIES = {
  'process.roles': 'broker,controller',
  'controller.listener.names': 'CONTROLLER',
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'auto.create.topics.enable': 'false',
  'offsets.topic.num.partitions': '1',
  'offsets.topic.replication.factor': '3',
  'group.initial.rebalance.delay.ms': '0',
  'log.segment.bytes': '67108864',
  'log.index.size.max.bytes': '1048576',
  // A broker that is gone is missed within three seconds.
  'broker.session.timeout.ms': '3000',
  'broker.heartbeat.interval.ms': '500',
} as const;

interface Node {
  readonly directory: string;
  readonly properties: string;
  readonly port: number;
  server: LaunchedServer | null;
}

/** Three brokers, each a controller too, for one test file: any of them may be killed and started again. */
export class KafkaCluster {
  readonly #home: string;
  readonly #programs: KafkaPrograms;
  readonly #nodes: readonly Node[];

  private constructor(home: string, programs: KafkaPrograms, nodes: readonly Node[]) {
    this.#home = home;
    this.#programs = programs;
    this.#nodes = nodes;
  }

  static async start(): Promise<KafkaCluster> {
    const [home, programs] = await Promise.all([
      mkdtemp(join(tmpdir(), 'offswitch-cluster-')),
      kafkaPrograms(),
    ]);
    const ports: { readonly broker: number; readonly controller: number }[] = [];
    for (let i = 0; i < 3; i += 1)
      ports.push({ broker: await freePort(), controller: await freePort() });
    const voters = ports.map(({ controller }, i) => `${i + 1}@127.0.0.1:${controller}`).join(',');
    const nodes = await Promise.all(
      ports.map(async ({ broker, controller }, i) => {
        const directory = await mkdtemp(join(home, `broker-${i + 1}-`));
        const properties = join(directory, 'server.properties');
        const all = {
          ...PROPERTIES,
          'node.id': String(i + 1),
          listeners: `PLAINTEXT://127.0.0.1:${broker},CONTROLLER://127.0.0.1:${controller}`,
          'advertised.listeners': `PLAINTEXT://127.0.0.1:${broker}`,
          'controller.quorum.voters': voters,
          'log.dirs': join(directory, 'data'),
        };
        const lines = Object.entries(all).map(([name, value]) => `${name}=${value}\n`);
        await writeFile(properties, lines.join(''));
        const goal = ['format', '--cluster-id', CLUSTER_ID, '--config', properties];
        await kafkaStorage(programs, goal);
        return { directory, properties, port: broker, server: null };
      }),
    );
    const cluster = new KafkaCluster(home, programs, nodes);
    try {
      await Promise.all(nodes.map((_, i) => cluster.begin(i)));
    } catch (error) {
      await cluster.stop();
      throw error;
    }
    return cluster;
  }

  /** `host:port`, separated by commas. */
  get addresses(): string {
    return this.#nodes.map(({ port }) => `127.0.0.1:${port}`).join(',');
  }

  /** Starts a broker, again on the same port and files. Resolves when it answers. */
  async begin(index: number): Promise<void> {
    const node = this.#nodes[index]!;
    const java = [
      this.#programs.java,
      ...kafkaJava(this.#programs, 'kafka.Kafka', '256m'),
      node.properties,
    ];
    // Where it can be said, a broker ends with this process, however this one ends.
    const tied =
      process.platform === 'linux' ? ['setpriv', '--pdeathsig', 'KILL', '--', ...java] : java;
    const [command, ...parameters] = tied;
    node.server = await LaunchedServer.launch({
      command: command!,
      parameters,
      options: { cwd: node.directory },
      log: join(node.directory, 'kafka.log'),
    });
    await node.server.answering(() => answers(node.port), PATIENCE_MS);
  }

  /** SIGKILL. Resolves when it is gone. */
  async kill(index: number): Promise<void> {
    await this.#nodes[index]!.server?.end([]);
  }

  async stop(): Promise<void> {
    await Promise.all(this.#nodes.map((_, i) => this.kill(i)));
    await rm(this.#home, { recursive: true, force: true });
  }
}

const answers = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const say = (answer: boolean) => () => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('connect', say(true)).once('error', say(false));
  });
