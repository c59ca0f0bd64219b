// P5: a roster is confirmed with its audit entry, or not at all.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import type { AuditEntry } from '../../src/audit/index.js';
import { PostgresAuditLog } from '../../src/audit/postgres/postgres-audit-log.js';
import { StoredRosters } from '../../src/deprovision/stored-rosters.js';
import type { OrganizationId } from '../../src/kernel/ids.js';
import type { Tx } from '../../src/kernel/tx.js';
import { World } from '../support/world.js';

/** Fails before it has written the entries, or after. */
class BreakingAuditLog extends PostgresAuditLog {
  constructor(readonly moment: 'before' | 'after') {
    super();
  }

  override async append(tx: Tx, entries: readonly AuditEntry[]): Promise<void> {
    if (this.moment === 'after') await super.append(tx, entries);
    throw new Error('the log broke');
  }
}

const asking = { actor: { type: 'admin_key', id: 'a-key' }, requestId: 'r' } as const;
let world: World;
let organization: OrganizationId;

beforeAll(async () => {
  world = await World.open();
  organization = await world.organization();
  await world.query(
    'insert into roster_demands (organization_id, epoch, demanded_at) values ($1, 2, now())',
    [organization],
  );
});
afterAll(() => world.close());

const entries = async (): Promise<number> =>
  (await world.query(`select from audit.entry where action = 'roster.reconciled'`)).length;

it.each(['before', 'after'] as const)(
  'a confirmation whose audit log breaks %s it is written has not happened, and can be said again',
  async (moment) => {
    const roster = { organization, epoch: 2 };
    const broken = new StoredRosters(world.transactions, new BreakingAuditLog(moment));
    await expect(broken.confirm(roster, 'seen', asking)).rejects.toThrow('the log broke');
    expect(await entries()).toBe(0);
    expect(await broken.of(organization)).toMatchObject([{ confirmedAt: null }]);
  },
);

it('two who confirm at once are one confirmation', async () => {
  const rosters = new StoredRosters(world.transactions, new PostgresAuditLog());
  const roster = { organization, epoch: 2 };
  const both = await Promise.all([1, 2].map(() => rosters.confirm(roster, 'seen', asking)));
  expect(both[0]).toEqual(both[1]);
  expect(both[0]!.confirmedAt).not.toBeNull();
  expect(await entries()).toBe(1);
});
