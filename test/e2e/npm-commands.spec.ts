// What npm starts ends with npm: no process is left behind (commands and contract).
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { inProject } from '../support/from-source.js';
import { nobodyRunsIn, startProgram } from '../support/processes.js';
import { LoggingProcess } from '../support/service-process.js';

const shells: ChildProcess[] = [];
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'offswitch-npm-'));
});
afterEach(async () => {
  for (const shell of shells.splice(0))
    try {
      process.kill(-shell.pid!, 'SIGKILL');
    } catch {
      // Nothing is left of its group, which is as it should be.
    }
  await rm(home, { recursive: true, force: true });
});

it('ends a gateway whose shell was ended, and lets it drain', async () => {
  // As npm does it: a shell that stays in between, and does not pass signals on.
  const shell = spawn(
    'sh',
    ['-c', '"$NODE" scripts/bootstrap.mjs gateway --listen 127.0.0.1:0; true'],
    {
      cwd: inProject('.'),
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
      env: {
        PATH: process.env['PATH'],
        HOME: process.env['HOME'],
        NODE: process.execPath,
        npm_lifecycle_event: 'gateway',
        OFFSWITCH_URL: 'http://127.0.0.1:9',
        OFFSWITCH_GATEWAY_KEY: `ofs_gateway_${'0'.repeat(32)}_${'0'.repeat(49)}`,
        KAFKA_BROKERS: '127.0.0.1:9',
        OFFSWITCH_HOME: home,
      },
    },
  );
  shells.push(shell);
  const said: string[] = [];
  const lines = createInterface({ input: shell.stdout });
  const listening = new Promise<void>((resolve) => {
    lines.on('line', (line) => {
      said.push(line);
      if (line.includes('the gateway listens')) resolve();
    });
  });
  const over = once(lines, 'close'); // every process that could write to it is gone
  await listening;
  shell.kill('SIGTERM');
  await over;
  expect(said.at(-1)).toContain('the gateway has ended');
});

it('ends a service that is asked to while it starts, which never says that it listens', async () => {
  const env = { PATH: process.env['PATH'], HOME: process.env['HOME'], OFFSWITCH_HOME: home };
  const child = startProgram(['src/main.ts'], { env: { ...env, PORT: '0' } });
  const service = new LoggingProcess(child);
  const exited = once(child, 'exit');
  await service.says('starting the embedded servers');
  child.kill('SIGINT');
  expect(await exited).toEqual([0, null]);
  expect(service.said.map(({ message }) => message)).not.toContain('listening');
  expect(existsSync(join(home, 'local.json'))).toBe(false);
  await nobodyRunsIn(home);
});
