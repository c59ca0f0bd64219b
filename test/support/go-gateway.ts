import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../src/platform/embedded/server.js';
import { inProject } from './from-source.js';

const DIRECTORY = inProject('examples/gateway-go');

const numbers = (version: string | undefined): number[] => (version ?? '').split('.').map(Number);

/** Whether there is a Go that is new enough for the example's go.mod. */
export function hasGo(): boolean {
  try {
    const [, found] = /go(\d+\.\d+)/.exec(execFileSync('go', ['version']).toString()) ?? [];
    const [, needed] = /^go (\d+\.\d+)/m.exec(readFileSync(`${DIRECTORY}/go.mod`, 'utf8')) ?? [];
    const [[major = 0, minor = 0], [least = 1, leastMinor = 0]] = [numbers(found), numbers(needed)];
    return major > least || (major === least && minor >= leastMinor);
  } catch {
    return false;
  }
}

const go = (...parameters: string[]): string =>
  execFileSync('go', parameters, { cwd: DIRECTORY, stdio: 'pipe' }).toString();

/** @throws Error with what Go says when a vector is met with another answer */
export const testVectors = (): string => go('test', '-count=1', './...');

/** The gateway of examples/gateway-go, built from its source. */
export class GoGateway {
  readonly url: string;
  readonly #child: ChildProcess;
  readonly #built: string;
  readonly #exited: Promise<unknown>;

  private constructor(child: ChildProcess, url: string, built: string) {
    this.#child = child;
    this.url = url;
    this.#built = built;
    this.#exited = once(child, 'exit');
  }

  static async start(service: { url: string; key: string; brokers: string }): Promise<GoGateway> {
    const built = mkdtempSync(join(tmpdir(), 'gateway-go-'));
    go('build', '-o', join(built, 'gateway'), '.');
    const listen = `127.0.0.1:${await freePort()}`;
    // It ends with this process, however this one ends.
    const child = spawn('setpriv', ['--pdeathsig', 'TERM', join(built, 'gateway')], {
      stdio: 'ignore',
      env: {
        OFFSWITCH_URL: service.url,
        OFFSWITCH_GATEWAY_KEY: service.key,
        KAFKA_BROKERS: service.brokers,
        LISTEN: listen,
      },
    });
    return new GoGateway(child, `http://${listen}/authz`, built);
  }

  /** The answer's status; 0 when nobody answers yet. */
  async status(token: string): Promise<number> {
    if (this.#child.exitCode !== null) throw new Error('the gateway in Go has ended');
    try {
      const answer = await fetch(this.url, { headers: { authorization: `Bearer ${token}` } });
      await answer.body?.cancel();
      return answer.status;
    } catch {
      return 0;
    }
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#exited;
    rmSync(this.#built, { recursive: true, force: true });
  }
}
