import { createPublicKey } from 'node:crypto';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { TokenKeys } from '../src/platform/crypto/key-ring.js';
import type { PrivateJwks } from '../src/platform/crypto/private-jwks.js';
import { freePort } from '../src/platform/embedded/server.js';
import type { Bench, Conditions } from './frame/bench.js';
import type { Installation } from './frame/installation.js';
import { message } from './frame/processes.js';
import { found, seed } from './frame/seed.js';
import { judge, judgements, short, table } from './frame/summary.js';
import { serve, type Served, type Target } from './frame/wrk.js';

const TOKENS = 200;
const SECONDS = 8;
/** Each is measured so often, in turn, and the best counts: what disturbs the machine only makes it slower. */
const TURNS = 3;

type Name =
  | 'sidecar, TCP'
  | 'bare Node with fast-jwt, TCP'
  | 'sidecar, Unix socket'
  | 'bare Node with fast-jwt, Unix socket'
  | 'nginx with auth_request'
  | 'nginx without';

export const sidecar: Bench = {
  about:
    '/authz: requests a second and p99, beside bare Node with fast-jwt; nginx with and without',
  run: async (how) => {
    const { say, stop, isQuick } = how;
    const installation = await how.installation();
    const company = await found(installation);
    const people = await seed(installation, company, { people: TOKENS, tokensEach: 1 });
    const tokens = people.map(({ token }) => token);
    const targets = await start(installation, how, tokens);
    const served = new Map<Name, Served>();
    const options = { seconds: isQuick ? 1 : SECONDS, home: installation.servers.home, stop };
    for (let turn = 0; turn < (isQuick ? 1 : TURNS); turn += 1)
      for (const [name, target] of targets) {
        const one = await serve(target, options);
        const before = served.get(name);
        if (before === undefined || one.perSecond > before.perSecond) served.set(name, one);
      }
    const rate = (name: Name): number => served.get(name)?.perSecond ?? NaN;
    const budgets = [
      judge(
        'TCP / bare Node',
        [rate('sidecar, TCP') / rate('bare Node with fast-jwt, TCP'), '×'],
        'higher',
        0.95,
      ),
      judge(
        'Unix socket / bare Node',
        [rate('sidecar, Unix socket') / rate('bare Node with fast-jwt, Unix socket'), '×'],
        'higher',
        0.95,
      ),
    ];
    say(
      table([
        ['', 'requests/s', 'p99 ms', 'asked by'],
        ...[...served].map(([name, { perSecond, p99Ms, tool }]) => [
          name,
          short(perSecond),
          short(p99Ms),
          tool,
        ]),
      ]),
    );
    const withNginx = rate('nginx with auth_request') / rate('nginx without');
    if (Number.isNaN(withNginx)) say('nginx is not installed');
    else say(`\nnginx with auth_request / without: ${withNginx.toFixed(2)}×`);
    say(`\n${judgements(budgets)}`);
    return { served: Object.fromEntries(served), withNginx, budgets };
  },
};

async function start(
  installation: Installation,
  { atEnd }: Conditions,
  tokens: readonly string[],
): Promise<ReadonlyMap<Name, Target>> {
  const { processes, servers, secrets } = installation;
  const jwk = new TokenKeys(JSON.parse(secrets.tokenKeys) as PrivateJwks).publicJwks.keys[0]!;
  const { kty, crv, x } = jwk;
  const key = createPublicKey({ key: { kty, crv, x }, format: 'jwk' });
  const environment = { KEY: key.export({ type: 'spki', format: 'pem' }) as string };
  const socket = join(servers.home, 'bare.sock');
  const bare = processes.start('bench/programs/bare-authz.ts', environment);
  const { port } = await message<{ kind: 'listening'; port: number }>(bare, 'listening');
  const bareUnix = processes.start('bench/programs/bare-authz.ts', {
    ...environment,
    SOCKET: socket,
  });
  await message(bareUnix, 'listening');
  const tcp = await freePort();
  const unix = join(servers.home, 'gateway.sock');
  await Promise.all([
    startSidecar(installation, 'tcp', `127.0.0.1:${tcp}`, { url: `http://127.0.0.1:${tcp}` }),
    startSidecar(installation, 'unix', `unix:${unix}`, { url: 'http://gateway', socket: unix }),
  ]);
  const nginx = await startNginx(servers.home, tcp, atEnd);
  const targets: [Name, Target][] = [
    ['sidecar, TCP', { url: `http://127.0.0.1:${tcp}/authz`, tokens }],
    ['bare Node with fast-jwt, TCP', { url: `http://127.0.0.1:${port}/authz`, tokens }],
    ['sidecar, Unix socket', { url: 'http://gateway/authz', socket: unix, tokens }],
    ['bare Node with fast-jwt, Unix socket', { url: 'http://bare/authz', socket, tokens }],
  ];
  if (nginx !== null)
    targets.push(
      ['nginx with auth_request', { url: `http://127.0.0.1:${nginx}/guarded`, tokens }],
      ['nginx without', { url: `http://127.0.0.1:${nginx}/open`, tokens }],
    );
  return new Map(targets);
}

/** The command, as it is operated. */
async function startSidecar(
  { processes, http, url, admin, brokers }: Installation,
  name: string,
  listen: string,
  place: { readonly url: string; readonly socket?: string },
): Promise<void> {
  const { key = '' } = await http.json(`${url}/v1/gateways`, admin, { name });
  const child = processes.start(
    'dist/src/cli/offswitch.js',
    { OFFSWITCH_URL: url, OFFSWITCH_GATEWAY_KEY: key, KAFKA_BROKERS: brokers, LOG_LEVEL: 'warn' },
    [],
    ['gateway', '--listen', listen, '--id', name],
  );
  for (const deadline = Date.now() + 60_000; Date.now() < deadline;) {
    if (child.exitCode !== null) throw new Error('the sidecar ended instead of answering');
    const options = place.socket === undefined ? {} : { socketPath: place.socket };
    const { status } = await http
      .send(`${place.url}/health/ready`, options)
      .catch(() => ({ status: 0 }));
    if (status === 200) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('the sidecar is not ready');
}

/** One application, once behind the gateway and once not. @returns the port; null when nginx is not there */
async function startNginx(
  home: string,
  gateway: number,
  atEnd: Conditions['atEnd'],
): Promise<number | null> {
  const program = ['nginx', '/usr/sbin/nginx'].find((path) => {
    try {
      execFileSync(path, ['-v'], { stdio: 'ignore' });
      return true;
    } catch {
      return false;
    }
  });
  if (program === undefined) return null;
  const directory = join(home, 'nginx');
  await mkdir(directory, { recursive: true });
  const [port, application] = [await freePort(), await freePort()];
  const places = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'];
  await writeFile(
    join(directory, 'nginx.conf'),
    `daemon off; master_process off; pid ${directory}/pid; error_log ${directory}/error.log;
     events {}
     http {
       access_log off; keepalive_requests 1000000;
       ${places.map((what) => `${what}_temp_path ${directory}/${what};`).join(' ')}
       upstream application { server 127.0.0.1:${application}; keepalive 64; keepalive_requests 1000000; }
       upstream gateway { server 127.0.0.1:${gateway}; keepalive 64; keepalive_requests 1000000; }
       proxy_http_version 1.1; proxy_set_header Connection "";
       server { listen 127.0.0.1:${application}; location / { return 200 "ok"; } }
       server {
         listen 127.0.0.1:${port};
         location /open { proxy_pass http://application; }
         location /guarded { auth_request /_offswitch; proxy_pass http://application; }
         location = /_offswitch {
           internal; proxy_pass http://gateway/authz;
           proxy_pass_request_body off; proxy_set_header Content-Length "";
           proxy_set_header X-Original-URI $request_uri;
         }
       }
     }`,
  );
  const child = spawn(program, ['-p', directory, '-c', join(directory, 'nginx.conf')], {
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  atEnd(() => {
    child.kill('SIGTERM');
    return ended;
  });
  return port;
}
