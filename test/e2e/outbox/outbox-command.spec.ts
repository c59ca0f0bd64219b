// P4: nothing is lost: an operator sees what the broker refused, and has it sent again, with nothing but the command line.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { setAside } from '../../../src/outbox/postgres/set-aside.js';
import { secretsIn } from '../../../src/platform/embedded/home-secrets.js';
import { programOf } from '../../support/from-source.js';
import { OutboxWorld } from '../../support/outbox-world.js';

const LONG = 120_000;

let world: OutboxWorld;
let home: string;
let environment: NodeJS.ProcessEnv;
beforeAll(async () => {
  world = await OutboxWorld.open(1);
  home = await mkdtemp(join(tmpdir(), 'offswitch-cli-'));
  const secrets = await secretsIn(home);
  environment = {
    PATH: process.env['PATH'],
    OFFSWITCH_HOME: home,
    DATABASE_URL: world.world.database.serviceUrl,
    // Nobody listens there: what the command does, it does without Kafka.
    KAFKA_BROKERS: '127.0.0.1:1',
    OFFSWITCH_PEPPER: secrets.pepper,
    OFFSWITCH_ENCRYPTION_KEY: secrets.encryptionKey,
    OFFSWITCH_TOKEN_KEYS: secrets.tokenKeys,
    OFFSWITCH_RECORD_KEYS: secrets.recordKeys,
    OFFSWITCH_ADMIN_KEY: secrets.adminKey,
    OFFSWITCH_ISSUER: 'urn:offswitch:test',
    LOG_LEVEL: 'error',
  };
}, LONG);
afterAll(async () => {
  await world.close();
  await rm(home, { recursive: true, force: true });
});

async function offswitch(...parameters: readonly string[]): Promise<readonly [number, string]> {
  const [node, file] = programOf('src/cli/offswitch.ts');
  const program = [...node, file, 'outbox', ...parameters];
  const child = spawn(process.execPath, program, { env: environment });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return [code, said];
}

it(
  'lists what was refused and why, queues it again, and says no to what was not refused',
  async () => {
    const [first, second] = world.records(2);
    await world.commit([first!, second!]);
    for (const { digest } of [first!, second!])
      await world.transactions.run('background', (tx) => setAside(tx, digest, 'too large'));
    const [code, listed] = await offswitch('list');
    expect(code).toBe(0);
    expect(listed).toMatch(new RegExp(`${first!.digest}  set_aside  .*too large`));
    expect(listed).toContain('2 records');

    expect((await offswitch('retry', first!.digest))[0]).toBe(0);
    expect((await offswitch('list'))[1]).toMatch(new RegExp(`${first!.digest}  queued`));
    expect((await offswitch('retry', '--all'))[0]).toBe(0);
    const left = await world.world.query(
      'select from outbox_pending where set_aside_at is not null',
    );
    expect(left).toEqual([]);

    for (const unknown of ['nobody', `-${first!.digest.slice(1)}`]) {
      const [failed, why] = await offswitch('retry', unknown);
      expect([failed, why]).toEqual([1, expect.stringContaining('record.unknown')]);
    }
    expect((await offswitch('retry'))[0]).toBe(2);
  },
  LONG,
);
