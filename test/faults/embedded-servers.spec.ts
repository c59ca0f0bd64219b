// P4: nothing is lost, nothing is undone; and nothing of ours outlives us on the machine that runs it.
import { afterEach, describe, expect, it } from '@jest/globals';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { startEmbedded } from '../../src/platform/embedded/start-embedded.js';
import { supervisorProgram } from '../support/from-source.js';
import { nobodyRunsIn, nothingIsLeftOf, processesIn, startHolder } from '../support/processes.js';

const postgres = { postgres: true, kafka: false, supervisor: supervisorProgram() };
const homes: string[] = [];

async function keptHome(): Promise<string> {
  const home = await mkdtemp(join(tmpdir(), 'offswitch-kept-'));
  homes.push(home);
  return home;
}

async function ask(url: string | null, text: string): Promise<unknown[]> {
  const client = new pg.Client({ connectionString: url! });
  await client.connect();
  try {
    return (await client.query(text)).rows;
  } finally {
    await client.end();
  }
}

const lockOf = async (home: string): Promise<{ pid: number }> =>
  JSON.parse(await readFile(join(home, 'supervisor.json'), 'utf8')) as { pid: number };

afterEach(async () => {
  for (const home of homes.splice(0)) {
    await nobodyRunsIn(home);
    await rm(home, { recursive: true, force: true });
  }
});

describe('the servers of a process', () => {
  it('end with it when it is killed with SIGKILL, both of them, and take their temporary home along', async () => {
    const holder = await startHolder({ home: null, postgres: true, kafka: true });
    const { home } = holder.embedded;
    expect(processesIn(home).join('\n')).toMatch(
      /postgres -D[^]*kafka\.Kafka|kafka\.Kafka[^]*postgres -D/u,
    );
    holder.kill('SIGKILL');
    await holder.exited;
    await nothingIsLeftOf(home);
  });

  it('end last on Ctrl-C: whoever drains can still ask them', async () => {
    const holder = await startHolder({ home: null, ...postgres });
    holder.killGroup('SIGINT');
    await holder.exited;
    expect(holder.said).toEqual(['drained', 'stopped']);
    await nothingIsLeftOf(holder.embedded.home);
  });

  it('end when the terminal is closed', async () => {
    const holder = await startHolder({ home: null, ...postgres });
    holder.killGroup('SIGHUP');
    await holder.exited;
    await nothingIsLeftOf(holder.embedded.home);
  });

  it('end although they are frozen', async () => {
    const holder = await startHolder({ home: null, ...postgres });
    process.kill(holder.embedded.pids.postgres!, 'SIGSTOP');
    holder.kill('SIGKILL');
    await holder.exited;
    await nothingIsLeftOf(holder.embedded.home);
  });

  it('end when it is killed while they start', async () => {
    const home = await keptHome();
    const starting = startHolder({ home, postgres: true, kafka: true });
    while (!existsSync(join(home, 'supervisor.json'))) await new Promise(setImmediate);
    process.kill((await lockOf(home)).pid, 'SIGTERM');
    await expect(starting).rejects.toThrow(/ended/u);
    await nobodyRunsIn(home);
  });

  it('are told of when one of them crashes', async () => {
    let told: (server: string) => void;
    const crashed = new Promise<string>((resolve) => (told = resolve));
    const embedded = await startEmbedded({
      home: null,
      ...postgres,
      onExit: (server) => {
        told(server);
      },
    });
    process.kill(embedded.pids.postgres!, 'SIGQUIT');
    await expect(crashed).resolves.toBe('postgres');
    await embedded.stop();
    await nothingIsLeftOf(embedded.home);
  });
});

describe('a second process in the same home', () => {
  it('finds the living servers and keeps them when the first is killed', async () => {
    const home = await keptHome();
    const first = await startHolder({ home, ...postgres });
    const second = await startHolder({ home, ...postgres });
    expect(second.embedded).toEqual(first.embedded);
    first.kill('SIGKILL');
    await first.exited;
    await expect(ask(second.embedded.databaseSuperuserUrl, 'select 1 as one')).resolves.toEqual([
      { one: 1 },
    ]);
    second.kill('SIGKILL');
    await second.exited;
    await nobodyRunsIn(home);
  });

  it('starts anew, with all that was committed, when the first is dying just then', async () => {
    const home = await keptHome();
    for (let round = 1; round <= 4; round += 1) {
      const dying = await startHolder({ home, ...postgres });
      await ask(
        dying.embedded.databaseSuperuserUrl,
        'create table if not exists rounds (n serial); insert into rounds default values',
      );
      dying.kill('SIGKILL');
      const next = await startEmbedded({ home, ...postgres });
      await expect(
        ask(next.databaseSuperuserUrl, 'select count(*)::int as n from rounds'),
      ).resolves.toEqual([{ n: round }]);
      await next.stop();
    }
  });

  it('shares one set of servers when both start together', async () => {
    const home = await keptHome();
    const all = await Promise.all([1, 2, 3].map(() => startEmbedded({ home, ...postgres })));
    expect(new Set(all.map((one) => one.pids.postgres)).size).toBe(1);
    await Promise.all(all.map((one) => one.stop()));
    await nobodyRunsIn(home);
  });

  it('ends the orphans of a supervisor that was killed, and loses nothing of theirs', async () => {
    const home = await keptHome();
    const holder = await startHolder({ home, ...postgres });
    await ask(holder.embedded.databaseSuperuserUrl, 'create table kept (n int)');
    process.kill((await lockOf(home)).pid, 'SIGKILL');
    holder.kill('SIGKILL');
    await holder.exited;
    const next = await startEmbedded({ home, ...postgres });
    expect(next.pids.postgres).not.toBe(holder.embedded.pids.postgres);
    await expect(ask(next.databaseSuperuserUrl, 'select * from kept')).resolves.toEqual([]);
    await next.stop();
  });
});

describe('a home', () => {
  it('keeps data, password and ports, and shows its secrets to nobody else', async () => {
    const home = await keptHome();
    const before = await startEmbedded({ home, ...postgres });
    await ask(before.databaseSuperuserUrl, 'create table kept (n int)');
    expect((await stat(join(home, 'postgres/password'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(home, 'supervisor.json'))).mode & 0o777).toBe(0o600);
    await before.stop();
    expect(existsSync(join(home, 'supervisor.json'))).toBe(false);
    const after = await startEmbedded({ home, ...postgres });
    expect(after.databaseSuperuserUrl).toBe(before.databaseSuperuserUrl);
    await expect(ask(after.databaseSuperuserUrl, 'select * from kept')).resolves.toEqual([]);
    await after.stop();
  });

  it('may lie where only its owner may go, also for root, who lends PostgreSQL an account', async () => {
    const closed = await keptHome(); // mode 700
    const embedded = await startEmbedded({ home: join(closed, 'inside'), ...postgres });
    await expect(ask(embedded.databaseSuperuserUrl, 'select 1 as one')).resolves.toEqual([
      { one: 1 },
    ]);
    await embedded.stop();
  });

  it('writes to the disk what it acknowledges unless it is told otherwise', async () => {
    const embedded = await startEmbedded({ home: null, ...postgres });
    await expect(
      ask(
        embedded.databaseSuperuserUrl,
        `select current_setting('fsync') as fsync, current_setting('synchronous_commit') as commit`,
      ),
    ).resolves.toEqual([{ fsync: 'on', commit: 'on' }]);
    await embedded.stop();
  });
});

it('says what to do when there is no Java', async () => {
  const env = { ...process.env, JAVA_HOME: '/nonexistent' };
  const start = startHolder({ home: null, postgres: false, kafka: true }, env);
  await expect(start).rejects.toThrow(/Java 17.*KAFKA_BROKERS.*docker compose up/u);
});
