// P5: the log cannot be edited unseen: entries lie there byte for byte, for their own organization only.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import {
  entryBytes,
  entryOf,
  type AuditEntry,
  type EntryPage,
  type NewEntry,
} from '../../src/audit/index.js';
import { PostgresAuditLog } from '../../src/audit/postgres/postgres-audit-log.js';
import { PostgresAuditQuery } from '../../src/audit/postgres/postgres-audit-query.js';
import {
  newId,
  type CaseId,
  type ConnectionId,
  type EntryId,
  type OrganizationId,
} from '../../src/kernel/ids.js';
import type { Tx } from '../../src/kernel/tx.js';
import { World } from '../support/world.js';

const log = new PostgresAuditLog();
const query = new PostgresAuditQuery();
let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

const run = <T>(work: (tx: Tx) => Promise<T>): Promise<T> =>
  world.transactions.run('service', work);

function entry(org: OrganizationId, more: Partial<NewEntry> = {}): AuditEntry {
  return entryOf({
    id: newId<EntryId>(),
    org,
    at: new Date().toISOString(),
    action: 'user.deprovisioned',
    outcome: 'success',
    actor: { type: 'connection', id: 'a-connection' },
    ...more,
  });
}

/** One entry a second, oldest first. */
const series = (org: OrganizationId, count: number): AuditEntry[] =>
  Array.from({ length: count }, (_, i) =>
    entry(org, { at: new Date(Date.UTC(2026, 10, 23, 9, 0, i)).toISOString() }),
  );

const ids = (entries: readonly AuditEntry[]): string[] => entries.map(({ id }) => id);

describe('appending', () => {
  it('stores exactly the bytes that are hashed, with copies to search by', async () => {
    const organization = newId<OrganizationId>();
    const written = entry(organization, {
      subject: { type: 'user', id: 'a-user' },
      case: newId<CaseId>(),
      connection: newId<ConnectionId>(),
      request_id: 'req-1',
      detail: { name: 'Zoë \u{1f600} \u0000 "quoted" \\ \u2028', count: 3 },
    });
    await run((tx) => log.append(tx, [written]));
    const [row] = await world.query('select * from audit.entry where organization_id = $1', [
      organization,
    ]);
    expect(row!['bytes']).toEqual(Buffer.from(entryBytes(written)));
    expect(row).toMatchObject({
      id: written.id,
      at: new Date(written.at),
      action: 'user.deprovisioned',
      outcome: 'success',
      actor_type: 'connection',
      actor_id: 'a-connection',
      subject_type: 'user',
      subject_id: 'a-user',
      case_id: written.case,
      connection_id: written.connection,
      request_id: 'req-1',
    });
  });

  it('writes a thousand entries in one statement', async () => {
    const organization = newId<OrganizationId>();
    const many = Array.from({ length: 1_000 }, () => entry(organization));
    await run((tx) => log.append(tx, many));
    const [row] = await world.query<{ count: string }>(
      'select count(*), count(distinct xid) as transactions from audit.entry where organization_id = $1',
      [organization],
    );
    expect(row).toEqual({ count: '1000', transactions: '1' });
  });

  it('writes nothing when the transaction does not commit', async () => {
    const organization = newId<OrganizationId>();
    await run(async (tx) => {
      await log.append(tx, [entry(organization)]);
      throw new Error('the deed failed');
    }).catch(() => undefined);
    const page = await run((tx) => query.list(tx, organization, {}, { cursor: null, limit: 10 }));
    expect(page.items).toEqual([]);
  });

  it('keeps one entry when the same one is appended again', async () => {
    const organization = newId<OrganizationId>();
    const twice = entry(organization);
    await run((tx) => log.append(tx, [twice]));
    await run((tx) => log.append(tx, [twice, twice]));
    const page = await run((tx) => query.list(tx, organization, {}, { cursor: null, limit: 10 }));
    expect(ids(page.items)).toEqual([twice.id]);
  });

  it('does nothing without entries', async () => {
    await expect(run((tx) => log.append(tx, []))).resolves.toBeUndefined();
  });

  it('takes entries of a month that nobody made a partition for', async () => {
    const organization = newId<OrganizationId>();
    const early = entry(organization, { at: '2001-01-01T00:00:00.000Z' });
    const late = entry(organization, { at: '2099-01-01T00:00:00.000Z' });
    await run((tx) => log.append(tx, [early, late]));
    const page = await run((tx) => query.list(tx, organization, {}, { cursor: null, limit: 10 }));
    expect(ids(page.items)).toEqual([late.id, early.id]);
  });
});

describe('listing', () => {
  it('gives the newest first, page by page, each entry once', async () => {
    const organization = newId<OrganizationId>();
    const all = series(organization, 7);
    await run((tx) => log.append(tx, all));
    const seen: AuditEntry[] = [];
    let cursor: string | null = null;
    do {
      const at: string | null = cursor;
      const page: EntryPage = await run((tx) =>
        query.list(tx, organization, {}, { cursor: at, limit: 3 }),
      );
      seen.push(...page.items);
      cursor = page.next;
    } while (cursor !== null);
    expect(seen).toEqual(all.toReversed());
  });

  it('tells entries of the same millisecond apart across a page', async () => {
    const organization = newId<OrganizationId>();
    const at = '2026-11-23T09:00:00.000Z';
    const all = Array.from({ length: 4 }, () => entry(organization, { at }));
    await run((tx) => log.append(tx, all));
    const first = await run((tx) => query.list(tx, organization, {}, { cursor: null, limit: 2 }));
    const rest = await run((tx) =>
      query.list(tx, organization, {}, { cursor: first.next, limit: 2 }),
    );
    expect(new Set(ids([...first.items, ...rest.items]))).toEqual(new Set(ids(all)));
    expect(rest.next).toBeNull();
  });

  it('has no next page when the last one is exactly full', async () => {
    const organization = newId<OrganizationId>();
    await run((tx) => log.append(tx, series(organization, 3)));
    const page = await run((tx) => query.list(tx, organization, {}, { cursor: null, limit: 3 }));
    expect(page.next).toBeNull();
  });

  it('filters by time, actor, action and case, all of which must hold', async () => {
    const organization = newId<OrganizationId>();
    const wanted = newId<CaseId>();
    const [first, second, third, fourth] = series(organization, 4) as [
      AuditEntry,
      AuditEntry,
      AuditEntry,
      AuditEntry,
    ];
    const entries = [
      { ...first, actor: { type: 'admin_key', id: 'somebody' } as const },
      { ...second, action: 'user.held' as const, case: wanted },
      { ...third, case: wanted },
      fourth,
    ];
    await run((tx) => log.append(tx, entries));
    const found = async (filter: Parameters<typeof query.list>[2]): Promise<string[]> =>
      ids(
        (await run((tx) => query.list(tx, organization, filter, { cursor: null, limit: 9 }))).items,
      );
    expect(await found({ actor: 'somebody' })).toEqual([first.id]);
    expect(await found({ action: 'user.held' })).toEqual([second.id]);
    expect(await found({ case: wanted })).toEqual([third.id, second.id]);
    expect(await found({ case: wanted, action: 'user.held' })).toEqual([second.id]);
    expect(await found({ since: new Date(second.at), until: new Date(fourth.at) })).toEqual([
      third.id,
      second.id,
    ]);
    expect(await found({ actor: '%' })).toEqual([]);
  });

  it('shows an organization nothing of another one, not even by its cursor', async () => {
    const [mine, other] = [newId<OrganizationId>(), newId<OrganizationId>()];
    await run((tx) => log.append(tx, [...series(mine, 2), ...series(other, 3)]));
    const foreign = await run((tx) => query.list(tx, other, {}, { cursor: null, limit: 1 }));
    const page = await run((tx) => query.list(tx, mine, {}, { cursor: foreign.next, limit: 9 }));
    expect(page.items.every(({ org }) => org === mine)).toBe(true);
  });

  it.each([
    '',
    'x',
    '1.x',
    `-1.${randomUUID()}`,
    `99999999999999999.${randomUUID()}`,
    `1.${'a'.repeat(36)}`,
  ])('refuses the cursor "%s"', async (cursor) => {
    const page = run((tx) => query.list(tx, newId<OrganizationId>(), {}, { cursor, limit: 9 }));
    await expect(page).rejects.toMatchObject({ code: 'request.invalid_value' });
  });

  it('reads the primary’s clock for entries that have no time yet', async () => {
    const [row] = await world.query<{ now: Date }>('select clock_timestamp() as now');
    const at = await run((tx) => log.now(tx));
    expect(at.getTime()).toBeGreaterThanOrEqual(row!.now.getTime());
  });
});
