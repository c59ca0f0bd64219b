import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/platform/embedded/server.js';
import { eventually } from './eventually.js';
import { inProject } from './from-source.js';

/** What a configuration of examples/ is made to point at. */
export interface Around {
  readonly application: number;
  readonly authz: number;
  readonly checks: string;
}

export interface ProxyKind {
  readonly name: string;
  readonly program: string;
  /** Puts the example, with its addresses exchanged, into the directory; returns the command line. */
  readonly prepare: (place: Place) => Promise<readonly string[]>;
}

interface Place extends Around {
  readonly directory: string;
  readonly port: number;
}

/** Each pair must occur: an example that has changed would otherwise be tested against its own addresses. */
async function example(file: string, exchange: Readonly<Record<string, string>>): Promise<string> {
  let text = await readFile(inProject(`examples/${file}`), 'utf8');
  for (const [here, there] of Object.entries(exchange)) {
    if (!text.includes(here)) throw new Error(`examples/${file} does not say ${here}`);
    text = text.replaceAll(here, there);
  }
  return text;
}

const AUTHZ = '127.0.0.1:8421';
const APPLICATION = '127.0.0.1:3000';
const local = (port: number): string => `127.0.0.1:${port}`;

const nginx: ProxyKind = {
  name: 'nginx',
  program: 'nginx',
  prepare: async ({ directory, port, authz, application }) => {
    const server = await example('nginx/offswitch.conf', {
      [AUTHZ]: local(authz),
      [APPLICATION]: local(application),
      'listen 8080;': `listen ${local(port)};`,
    });
    await writeFile(join(directory, 'offswitch.conf'), server);
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
      (what) => `${what}_temp_path ${directory}/${what};`,
    );
    const around = `daemon off; pid ${directory}/nginx.pid; error_log ${directory}/error.log;
      events {} http { access_log off; ${temporary.join(' ')} include ${directory}/offswitch.conf; }`;
    await writeFile(join(directory, 'nginx.conf'), around);
    return [
      '-e',
      join(directory, 'error.log'),
      '-p',
      directory,
      '-c',
      join(directory, 'nginx.conf'),
    ];
  },
};

const haproxy: ProxyKind = {
  name: 'HAProxy',
  program: 'haproxy',
  prepare: async ({ directory, port, authz, application }) => {
    const script = join(directory, 'offswitch.lua');
    await copyFile(inProject('examples/haproxy/offswitch.lua'), script);
    const config = await example('haproxy/haproxy.cfg', {
      [AUTHZ]: local(authz),
      [APPLICATION]: local(application),
      'bind :8080': `bind ${local(port)}`,
      '/etc/haproxy/offswitch.lua': script,
    });
    await writeFile(join(directory, 'haproxy.cfg'), config);
    return ['-db', '-f', join(directory, 'haproxy.cfg')];
  },
};

const caddy: ProxyKind = {
  name: 'Caddy',
  program: 'caddy',
  prepare: async ({ directory, port, authz, application }) => {
    const config = await example('caddy/Caddyfile', {
      [AUTHZ]: local(authz),
      [APPLICATION]: local(application),
      '\n:8080 {': `\nhttp://${local(port)} {`,
    });
    await writeFile(join(directory, 'Caddyfile'), config);
    return ['run', '--adapter', 'caddyfile', '--config', join(directory, 'Caddyfile')];
  },
};

const envoy: ProxyKind = {
  name: 'Envoy',
  program: 'envoy',
  prepare: async ({ directory, port, checks, application }) => {
    const config = await example('envoy/envoy.yaml', {
      '/run/offswitch/envoy.sock': checks,
      'address: 127.0.0.1, port_value: 3000': `address: 127.0.0.1, port_value: ${application}`,
      'address: 0.0.0.0, port_value: 8080': `address: 127.0.0.1, port_value: ${port}`,
    });
    await writeFile(join(directory, 'envoy.yaml'), config);
    const quiet = ['--use-dynamic-base-id', '--concurrency', '1', '--log-level', 'warn'];
    return [...quiet, '--config-path', join(directory, 'envoy.yaml')];
  },
};

export const PROXIES: readonly ProxyKind[] = [nginx, haproxy, caddy, envoy];

/** Debian puts daemons where only root's PATH looks. */
const PATH = `${process.env['PATH'] ?? ''}:/usr/sbin`;

export function isInstalled({ program }: ProxyKind): boolean {
  try {
    const env = { ...process.env, PATH };
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore', env });
    return true;
  } catch {
    return false;
  }
}

/** A real proxy in front of an application, by the very file that people copy. */
export class RunningProxy {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #directory: string;
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess, place: Place) {
    this.#child = child;
    this.#directory = place.directory;
    this.#exited = once(child, 'exit');
    this.url = `http://${local(place.port)}`;
  }

  static async start(kind: ProxyKind, around: Around): Promise<RunningProxy> {
    const directory = await mkdtemp(join(tmpdir(), 'proxy-'));
    await chmod(directory, 0o755); // nginx' workers are somebody else
    const place = { ...around, directory, port: await freePort() };
    const parameters = await kind.prepare(place);
    // It ends with this process, however this one ends.
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', kind.program, ...parameters], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: {
        ...process.env,
        HOME: directory,
        XDG_CONFIG_HOME: directory,
        XDG_DATA_HOME: directory,
      },
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    const running = new RunningProxy(child, place);
    await eventually(async () => {
      if (child.exitCode !== null) throw new Error(`${kind.name} ended at once: ${said}`);
      return answers(place.port);
    });
    return running;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
    await rm(this.#directory, { recursive: true });
  }
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => {
      resolve(false);
    });
  });
}
