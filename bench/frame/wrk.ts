import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { closedLoop, machineMs } from './load.js';
import { quantile } from './summary.js';

export interface Served {
  readonly tool: 'wrk' | 'node';
  readonly perSecond: number;
  readonly p99Ms: number;
}

export interface Target {
  /** `http://host:port/path`, or with a socket's path beside it. */
  readonly url: string;
  readonly socket?: string;
  readonly tokens: readonly string[];
}

const CONNECTIONS = 32;

/** So many seconds on kept connections, a token after the other. wrk where it is, else Node (slower than what it asks). */
export async function serve(
  target: Target,
  { seconds, home, stop }: { seconds: number; home: string; stop: AbortSignal },
): Promise<Served> {
  if (target.socket !== undefined) return byNode(target, seconds, stop);
  const script = join(home, 'wrk.lua');
  const list = target.tokens.map((token) => `"${token}"`).join(',');
  await writeFile(
    script,
    `local tokens = {${list}}\nlocal i = 0\nfunction request()\n  i = i % #tokens + 1\n  wrk.headers["Authorization"] = "Bearer " .. tokens[i]\n  return wrk.format()\nend\n`,
  );
  try {
    const { stdout } = await promisify(execFile)('wrk', [
      ...['-t1', `-c${CONNECTIONS}`, `-d${seconds}s`, '--latency', '-s', script, target.url],
    ]);
    const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)?.[1] ?? NaN);
    const [, text = '', unit = ''] = /99%\s+([\d.]+)(us|ms|s)/.exec(stdout) ?? [];
    const wrong = /Non-2xx.*|Socket errors.*/.exec(stdout);
    if (wrong !== null) throw new Error(`${target.url}: ${wrong[0]}`);
    const factor = { us: 0.001, ms: 1, s: 1_000 }[unit] ?? NaN;
    return { tool: 'wrk', perSecond, p99Ms: Number(text) * factor };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return byNode(target, seconds, stop);
    throw error;
  }
}

async function byNode(
  { url, socket, tokens }: Target,
  seconds: number,
  stop: AbortSignal,
): Promise<Served> {
  const agent = new Agent({ keepAlive: true, maxSockets: CONNECTIONS });
  const took: number[] = [];
  const until = machineMs() + seconds * 1_000;
  const ask = (token: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const began = machineMs();
      const headers = { authorization: `Bearer ${token}` };
      const place = socket === undefined ? {} : { socketPath: socket };
      request(url, { agent, headers, ...place }, (answer) => {
        answer.resume();
        answer.on('end', () => {
          took.push(machineMs() - began);
          if (answer.statusCode === 200) resolve();
          else reject(new Error(`${url} answered ${answer.statusCode}`));
        });
      })
        .on('error', reject)
        .end();
    });
  const began = machineMs();
  while (machineMs() < until) await closedLoop(tokens, CONNECTIONS, ask, stop);
  const perSecond = (took.length / (machineMs() - began)) * 1_000;
  agent.destroy();
  return { tool: 'node', perSecond, p99Ms: quantile(took, 0.99) };
}
