// P4: nothing is lost, nothing is undone; and a test run that is cut short leaves nothing of its own behind.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inProject } from '../support/from-source.js';
import { processesIn, until } from '../support/processes.js';

describe('a test run', () => {
  let directory: string;

  beforeEach(async () => {
    directory = await realpath(await mkdtemp(join(tmpdir(), 'offswitch-run-')));
    await mkdir(join(directory, 'tmp'));
  });

  afterEach(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  const filesLeft = (): Promise<readonly string[]> => readdir(join(directory, 'tmp'));

  /** `npm test` with two files that never end, in two workers, each with a server of its own. */
  async function start(): Promise<ChildProcess> {
    for (const name of ['one', 'two']) {
      await writeFile(
        join(directory, `${name}.spec.ts`),
        `import { startEmbedded } from '${inProject('src/platform/embedded/start-embedded.ts')}';
         import { supervisorProgram } from '${inProject('test/support/from-source.ts')}';
         import { createTestDatabase } from '${inProject('test/support/test-database.ts')}';
         import { writeFileSync } from 'node:fs';
         it('never ends', async () => {
           await createTestDatabase();
           await startEmbedded({ home: null, postgres: true, kafka: false, supervisor: supervisorProgram() });
           writeFileSync('${directory}/${name}.ready', '');
           await new Promise((go) => setTimeout(go, 1_000_000));
         });`,
      );
    }
    const config = join(directory, 'jest.config.mjs');
    await writeFile(
      config,
      `import config from '${inProject('jest.config.mjs')}';
       export default { ...config, rootDir: '${inProject('.')}', roots: ['${directory}'],
         cacheDirectory: '${process.env['OFFSWITCH_TEST_CACHE']}',
         testMatch: ['${directory}/*.spec.ts'], testTimeout: 1_000_000 };`,
    );
    const child = spawn(
      process.execPath,
      [inProject('scripts/bootstrap.mjs'), 'test', '--config', config],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
        detached: true,
        env: { ...process.env, TMPDIR: join(directory, 'tmp') },
      },
    );
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    await until(
      'both files run',
      async () => {
        if (child.exitCode !== null) throw new Error(said);
        const files = await readdir(directory);
        return files.includes('one.ready') && files.includes('two.ready');
      },
      100,
    );
    return child;
  }

  async function leavesNothing(run: ChildProcess, end: () => void): Promise<void> {
    const exited = once(run, 'exit');
    end();
    await exited;
    await until('no process is left', () => processesIn(directory).length === 0, 90);
    await until('no server is left', () => groupOf(run.pid!).length === 0, 60);
    await until('no directory is left', async () => (await filesLeft()).every(isCache), 60);
    expect((await filesLeft()).filter((name) => !isCache(name))).toEqual([]);
  }

  it.each([
    ['Ctrl-C', 'SIGINT', 'group'],
    ['the terminal being closed', 'SIGHUP', 'group'],
    ['SIGKILL', 'SIGKILL', 'one'],
  ] as const)('leaves no process and no directory after %s', async (_, signal, whom) => {
    const run = await start();
    await leavesNothing(run, () => process.kill(whom === 'group' ? -run.pid! : run.pid!, signal));
  });

  it('leaves none when the supervisors of its servers are killed, too', async () => {
    const run = await start();
    const supervisors = processesIn(directory).filter((line) => line.includes('/supervisor.'));
    expect(supervisors).toHaveLength(3);
    for (const line of supervisors) process.kill(Number.parseInt(line, 10), 'SIGKILL');
    await leavesNothing(run, () => run.kill('SIGKILL'));
  });
});

/** What jest itself keeps between runs. */
const isCache = (name: string): boolean => name.startsWith('jest_') || name.startsWith('node-');

function groupOf(pid: number): readonly string[] {
  return execFileSync('ps', ['-A', '-o', 'pgid='], { encoding: 'utf8' })
    .split('\n')
    .filter((line) => Number(line) === pid);
}
