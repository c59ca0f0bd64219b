// P4: nothing is lost, nothing is undone: a test that leaves something behind is found out, and ended.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inProject } from '../support/from-source.js';
import { processesIn } from '../support/processes.js';

describe('a test file', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), 'offswitch-leak-')));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  async function run(body: string): Promise<{ passes: boolean; output: string }> {
    await writeFile(
      join(directory, 'it.spec.mjs'),
      `import { spawn } from 'node:child_process';
       import { createServer } from 'node:net';
       it('runs', async () => { ${body}; await new Promise((go) => setTimeout(go, 50)); });`,
    );
    const config = {
      rootDir: directory,
      cacheDirectory: join(directory, 'cache'),
      testEnvironment: inProject('test/support/environment.mjs'),
      testMatch: ['**/it.spec.mjs'],
      transform: {},
    };
    const jest = spawnSync(
      process.execPath,
      [
        '--experimental-vm-modules',
        inProject('node_modules/jest/bin/jest.js'),
        '--config',
        JSON.stringify(config),
      ],
      { cwd: directory, encoding: 'utf8' },
    );
    return { passes: jest.status === 0, output: jest.stderr };
  }

  it('passes when it cleans up after itself', async () => {
    const { passes, output } = await run('createServer().listen(0).close()');
    expect({ passes, output }).toMatchObject({ passes: true });
  });

  it('fails when it leaves a server open', async () => {
    const { passes, output } = await run('createServer().listen(0)');
    expect(passes).toBe(false);
    expect(output).toMatch(/left open: a server on port \d+/u);
  });

  it('tells its own failure when it fails and leaves something open besides', async () => {
    const { passes, output } = await run(
      `createServer().listen(0); throw new Error('its own failure')`,
    );
    expect(passes).toBe(false);
    expect(output).toContain('its own failure');
    expect(output).not.toContain('left open');
  });

  it('fails when it leaves a process running, which then ends', async () => {
    const script = JSON.stringify(`setInterval(() => '${directory}', 1000)`);
    const { passes, output } = await run(`spawn(process.execPath, ['-e', ${script}])`);
    expect(passes).toBe(false);
    expect(output).toMatch(/left open: process \d+/u);
    expect(processesIn(directory)).toEqual([]);
  });

  it('fails when it leaves a process that has one of its own, and both end', async () => {
    const sleeper = `setInterval(() => '${directory}', 1000)`;
    const owner = JSON.stringify(
      `const owned = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(sleeper)}]);
       process.on('SIGTERM', () => owned.kill() && process.exit());
       process.send('ready');`,
    );
    const { passes } = await run(
      `const child = spawn(process.execPath, ['-e', ${owner}], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
       await new Promise((resolve) => child.once('message', resolve));
       child.disconnect()`,
    );
    expect(passes).toBe(false);
    expect(processesIn(directory)).toEqual([]);
  });

  it('fails when it leaves a file, which then goes', async () => {
    const { passes, output } = await run(
      `const { mkdtempSync, writeFileSync } = await import('node:fs');
       const { tmpdir } = await import('node:os');
       writeFileSync('${directory}/made', mkdtempSync(tmpdir() + '/forgotten-'))`,
    );
    expect(passes).toBe(false);
    expect(output).toMatch(/left open: the file forgotten-/u);
    expect(existsSync(await readFile(join(directory, 'made'), 'utf8'))).toBe(false);
  });
});
