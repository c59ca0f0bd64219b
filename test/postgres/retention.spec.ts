// P4: nothing is lost that is still needed: only what was answered long ago is forgotten, by the service's own role.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  deleteOldIdempotencyKeys,
  IDEMPOTENCY_DAYS,
} from '../../src/admin/postgres/idempotency-keys.js';
import {
  newId,
  type CaseId,
  type ConnectionId,
  type OrganizationId,
  type SignalId,
} from '../../src/kernel/ids.js';
import { Retention } from '../../src/platform/loop/retention.js';
import { deleteOldSignals, SIGNAL_DAYS } from '../../src/signals/postgres/delete-old-signals.js';
import { RememberingLog } from '../support/remembering-log.js';
import { World } from '../support/world.js';

let world: World;
let organization: OrganizationId;
let connection: ConnectionId;

beforeAll(async () => {
  world = await World.open();
  organization = await world.organization();
  connection = await world.connection(organization, { kind: 'okta-event-hook' });
});
afterAll(() => world.close());

async function signal(daysAgo: number): Promise<SignalId> {
  const id = newId<SignalId>();
  await world.query(
    `insert into signal_inbox (id, organization_id, connection_id, dedupe_key, event_type, occurred_at, received_at,
                               effect, subject, outcome)
     values ($1::uuid, $2, $3, $1::text, 'user.deprovisioned', now(), now() - make_interval(hours => $4),
             'revoke', '{}', 'applied')`,
    [id, organization, connection, Math.round(24 * daysAgo)],
  );
  return id;
}

const retention = (deleteSome: typeof deleteOldSignals, log = new RememberingLog()): Retention =>
  new Retention({ transactions: world.transactions, log, what: 'things', deleteSome, page: 2 });

const running = new AbortController().signal;

describe('retention', () => {
  it('forgets signals that are old, page by page, and keeps the young and those that still wait for somebody', async () => {
    const old = await Promise.all(Array.from({ length: 5 }, () => signal(SIGNAL_DAYS + 1)));
    const young = await signal(SIGNAL_DAYS - 1);
    const waiting = await signal(4 * SIGNAL_DAYS);
    await world.query(
      `insert into waiting_signals (organization_id, signal_id, connection_id, kind, value)
       values ($1, $2, $3, 'user_name', 'nobody@example.com')`,
      [organization, waiting, connection],
    );
    await retention(deleteOldSignals).runOnce(running);
    const left = (await world.query<{ id: SignalId }>('select id from signal_inbox')).map(
      ({ id }) => id,
    );
    expect(left.sort()).toEqual([young, waiting].sort());
    expect(left).not.toContain(old[0]);
  });

  it('forgets idempotency keys that are old, and keeps the young', async () => {
    const key = (name: string, daysAgo: number) =>
      world.query(
        `insert into idempotency_keys (scope, key, request_digest, case_id, created_at)
         values ('revocations:installation', $1, '', $2, now() - make_interval(hours => $3))`,
        [name, newId<CaseId>(), 24 * daysAgo],
      );
    for (const name of ['a', 'b', 'c']) await key(name, IDEMPOTENCY_DAYS + 1);
    await key('young', IDEMPOTENCY_DAYS - 1);
    await retention(deleteOldIdempotencyKeys).runOnce(running);
    expect(await world.query('select key from idempotency_keys')).toEqual([{ key: 'young' }]);
  });

  it('says what failed, and tries again another time', async () => {
    const log = new RememberingLog();
    const broken = () => Promise.reject(new Error('the table is locked'));
    await retention(broken, log).runOnce(running);
    const warned = log.lines.filter(({ level }) => level === 'warn');
    expect(warned.map(({ message }) => message)).toEqual(['old rows could not be deleted yet']);
  });

  it('stops between two pages when it is told to', async () => {
    await Promise.all(Array.from({ length: 4 }, () => signal(SIGNAL_DAYS + 1)));
    const told = new AbortController();
    const once: typeof deleteOldSignals = async (tx, limit) => {
      told.abort();
      return deleteOldSignals(tx, limit);
    };
    await retention(once).runOnce(told.signal);
    const [{ left } = { left: -1 }] = await world.query<{ left: number }>(
      `select count(*)::int as left from signal_inbox where received_at < now() - make_interval(days => $1)
          and not exists (select from waiting_signals w where w.signal_id = id)`,
      [SIGNAL_DAYS],
    );
    expect(left).toBe(2);
  });
});
