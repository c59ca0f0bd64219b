// P2: dead stays dead. What meets a revocation that has not committed waits for it, and then sees it; nothing is left to chance.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { PoolClient } from 'pg';
import { newId } from '../../src/kernel/ids.js';
import { DeviceWorld, type Employee } from '../support/device-world.js';
import { eventually } from '../support/eventually.js';

let at: DeviceWorld;
let person: Employee;
let key: Awaited<ReturnType<DeviceWorld['apiKey']>>;
/** A session of somebody else, in a transaction that has not ended. */
let other: PoolClient;

beforeAll(async () => {
  at = await DeviceWorld.open();
});
afterAll(() => at.close());
beforeEach(async () => {
  const organization = await at.world.organization();
  key = await at.apiKey(organization);
  person = await at.employee(organization, await at.world.connection(organization));
  other = await at.world.outside.connect();
  await other.query('begin');
});
afterEach(() => {
  other.release(true);
});

const waiting = async (): Promise<number> => {
  const [row] = await at.world.query<{ count: number }>(
    `select count(*)::int as count from pg_locks
      where locktype = 'advisory' and not granted
        and database = (select oid from pg_database where datname = current_database())`,
  );
  return row!.count;
};

const outcomeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    (error: unknown) => String((error as { code?: unknown }).code),
  );

describe('a person who is being revoked', () => {
  const lockAlone = () =>
    other.query(`select lock_alone($1, 'user', $2)`, [person.organization, person.user]);
  const raise = () =>
    other.query(
      `update subject_generations
          set generation = generation + 1, holds = '{"admin": {"set_at": "", "event_at": "", "case": null}}'
        where organization_id = $1 and scope = 'user' and subject_id = $2`,
      [person.organization, person.user],
    );

  it('gets nothing from any door that was asked meanwhile', async () => {
    const [first, second, third] = [newId(), newId(), newId()];
    const bootstrap = await at.issue(key, second, { id: person.user });
    const answer = await at.redeem(await at.issue(key, first, { id: person.user }), first);
    await lockAlone();
    const asked = [
      at.issue(key, third, { id: person.user }),
      at.redeem(bootstrap, second),
      at.refresh(answer),
    ].map(outcomeOf);
    await eventually(async () => (await waiting()) === asked.length);
    await raise();
    await other.query('commit');
    const outcomes = await Promise.all(asked);
    expect(outcomes).not.toContain('done');
    expect(outcomes).not.toContain('store.unavailable');
  });

  it('gets what was asked for when the revocation did not happen after all', async () => {
    const device = newId();
    await lockAlone();
    await raise();
    const asked = outcomeOf(at.issue(key, device, { id: person.user }));
    await eventually(async () => (await waiting()) === 1);
    await other.query('rollback');
    expect(await asked).toBe('done');
  });
});

describe('a revocation', () => {
  it('waits for an enrolment of the person that has not committed, and is not lost on it', async () => {
    await other.query(`select lock_shared($1, 'user', $2)`, [person.organization, person.user]);
    const leaving = outcomeOf(at.say(false, person));
    await eventually(async () => (await waiting()) === 1);
    expect(await at.world.generation('user', person.user)).toBe(1);
    await other.query('commit');
    expect(await leaving).toBe('done');
    expect(await at.world.generation('user', person.user)).toBe(2);
  });

  it('of the whole organization waits for a change of one person, and that change for it', async () => {
    await other.query('select pg_advisory_xact_lock(organization_lock($1))', [person.organization]);
    const [leaving, issuing] = [
      outcomeOf(at.say(false, person)),
      outcomeOf(at.issue(key, newId(), { id: person.user })),
    ];
    await eventually(async () => (await waiting()) === 2);
    await other.query('commit');
    expect(await leaving).toBe('done');
    expect(await issuing).not.toBe('store.unavailable');
  });
});
