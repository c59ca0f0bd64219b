// P2, P4, P6, P7, P9: who has left and was missed is found by the IdP's own list, and a wrong list costs nobody their access.
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { RosterComparison } from '../../../src/admin/reconciliation/roster-comparison.js';
import { readRoster } from '../../../src/admin/reconciliation/read-roster.js';
import { Reconciliations } from '../../../src/admin/reconciliation/reconciliations.js';
import { AuditLog } from '../../../src/audit/index.js';
import { Deprovision, type MadeCases } from '../../../src/deprovision/index.js';
import { Connections, PresentedRosters } from '../../../src/directory/index.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import {
  newId,
  type ConnectionId,
  type OrganizationId,
  type UserId,
} from '../../../src/kernel/ids.js';
import { Log } from '../../../src/platform/log/log.js';
import { SubjectReports } from '../../../src/tokens/index.js';
import { AdminApp, type Answer } from '../../support/admin-app.js';
import { eventually } from '../../support/eventually.js';
import { casesMet, toldOtherwise } from '../../support/told.js';

let app: AdminApp;
beforeAll(async () => {
  app = await AdminApp.start();
});
afterAll(() => app.stop());

interface Staff {
  readonly org: string;
  readonly connection: string;
  readonly secret: string;
  readonly ids: Readonly<Record<string, string>>;
}

/** A connection with these people, each with an external id and an e-mail; everybody holds a device token. */
async function staff(names: readonly string[], more: object = {}): Promise<Staff> {
  const org = await app.organization();
  const { body } = await app.ask('POST', `/v1/organizations/${org}/connections`, {
    body: { kind: 'scim', name: 'IdP' },
  });
  const ids: Record<string, string> = {};
  for (const name of names) {
    const person = {
      userName: name,
      externalId: `ext-${name}`,
      emails: [{ value: `${name}@example.test` }],
      ...more,
    };
    const made = await app.ask('POST', '/scim/v2/Users', { key: body.secret, body: person });
    ids[name] = made.body.id;
    const organization = org as OrganizationId;
    const device = await app.world.device(organization);
    await app.world.token(organization, made.body.id as UserId, device);
  }
  return { org, connection: body.id, secret: body.secret, ids };
}

const TEN = ['ada', 'bob', 'cleo', 'dan', 'eve', 'fay', 'gus', 'hal', 'ida', 'jon'];
const at = ({ org, connection }: Staff) => `/v1/organizations/${org}/connections/${connection}`;

async function reconcile(
  of: Staff,
  roster: string,
  { type = 'text/csv', query = '', key = app.ownerKey } = {},
): Promise<Omit<Answer, 'headers'>> {
  const response = await fetch(`${app.url}${at(of)}/reconcile${query}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': type },
    body: roster,
  });
  const body = await response.json();
  const fault = app.documented.fault('POST', `${at(of)}/reconcile`, {
    status: response.status,
    type: response.headers.get('content-type'),
    body,
  });
  if (fault !== null) throw new Error(fault);
  return { status: response.status, body };
}
const csv = (names: readonly string[]) => `userName\n${names.map((name) => `${name}\n`).join('')}`;
const without = (...gone: readonly string[]) => TEN.filter((name) => !gone.includes(name));
const peopleOf = async (of: Staff, id: string) =>
  (await app.ask('GET', `${at(of)}/reconciliations/${id}/people`)).body.items;
const liveOf = async ({ org, ids }: Staff, name: string): Promise<number> =>
  (await app.ask('GET', `/v1/organizations/${org}/users/${ids[name]}`)).body.live_tokens;
const everyone = (of: Staff) =>
  Promise.all(Object.keys(of.ids).map(async (name) => [name, await liveOf(of, name)]));
const entries = async ({ org }: Staff, action: string) =>
  (await app.ask('GET', `/v1/organizations/${org}/audit/events?action=${action}`)).body.items;
const casesOf = async ({ org }: Staff) =>
  (await app.ask('GET', `/v1/organizations/${org}/cases`)).body.items;

describe('a roster', () => {
  it('shows who holds live tokens and is not on it, and changes nothing', async () => {
    const of = await staff(TEN);
    const { status, body } = await reconcile(of, csv(without('jon')));
    expect([status, body]).toEqual([
      201,
      {
        id: expect.any(String),
        org: of.org,
        connection: of.connection,
        created_at: expect.any(String),
        roster: { rows: 9, present: 9, unreadable: 0, digest: expect.any(String) },
        people: 10,
        missing: 1,
        with_live_tokens: 1,
        revoked: 0,
        applied_at: null,
      },
    ]);
    expect(await peopleOf(of, body.id)).toEqual([
      { user: of.ids['jon'], active: true, live_tokens: 1, case: null },
    ]);
    expect((await app.ask('GET', `${at(of)}/reconciliations/${body.id}`)).body).toEqual(body);
    expect(await everyone(of)).toEqual(TEN.map((name) => [name, 1]));
    const [entry] = await entries(of, 'roster.compared');
    expect(entry).toMatchObject({
      outcome: 'success',
      actor: { type: 'admin_key' },
      subject: { type: 'connection', id: of.connection },
      detail: { reconciliation: body.id, roster: body.roster.digest, missing: 1, apply: false },
    });
  });

  it('revokes them when it is applied, each a case that names it, once', async () => {
    const of = await staff(TEN);
    const { status, body } = await reconcile(of, csv(without('jon', 'ida')), {
      query: '?apply=true',
    });
    expect([status, body.revoked, body.applied_at]).toEqual([201, 2, expect.any(String)]);
    expect(await everyone(of)).toEqual(
      TEN.map((name) => [name, name === 'jon' || name === 'ida' ? 0 : 1]),
    );
    const cases = await casesOf(of);
    expect(cases).toHaveLength(2);
    for (const one of cases)
      expect(one.cause).toMatchObject({ kind: 'admin', reason: `reconciliation ${body.id}` });
    const found = (await peopleOf(of, body.id)).map((each: { case: string }) => each.case);
    expect(found.sort()).toEqual(cases.map(({ id }: { id: string }) => id).sort());
    expect((await entries(of, 'roster.applied'))[0]).toMatchObject({
      outcome: 'success',
      detail: { reconciliation: body.id, revoked: 2, hold: false },
    });
    // They hold nothing any more: the same roster finds nobody.
    const again = await reconcile(of, csv(without('jon', 'ida')), { query: '?apply=true' });
    expect(again.body).toMatchObject({ missing: 2, with_live_tokens: 0, revoked: 0 });
    expect(await casesOf(of)).toHaveLength(2);
  });

  it('holds them, if that is wanted', async () => {
    const of = await staff(TEN);
    await reconcile(of, csv(without('jon')), { query: '?apply=true&hold=true' });
    const { body } = await app.ask('GET', `/v1/organizations/${of.org}/users/${of.ids['jon']}`);
    expect(body.holds.map(({ name }: { name: string }) => name)).toEqual(['admin']);
  });

  it.each([
    ['external ids', 'externalId\n', (name: string) => `ext-${name}\n`],
    ['user names in other letters', 'USERNAME\n', (name: string) => `${name.toUpperCase()}\n`],
    ['e-mails', 'email\n', (name: string) => `${name}@EXAMPLE.test\n`],
    [
      'external ids, when user names were changed',
      'externalId,userName\n',
      (name: string) => `ext-${name},new-${name}\n`,
    ],
  ])('knows people by %s', async (_, header, row) => {
    const of = await staff(['ada', 'bob']);
    const { body } = await reconcile(of, header + ['ada', 'zoe'].map(row).join(''));
    expect(body).toMatchObject({ people: 2, missing: 1 });
    expect((await peopleOf(of, body.id))[0].user).toBe(of.ids['bob']);
  });

  it('does not take somebody for a leaver whose name they were given', async () => {
    const of = await staff(['ada', 'bob']);
    const { body } = await reconcile(of, 'externalId,userName\next-ada,ada\next-new,bob\n');
    expect((await peopleOf(of, body.id))[0].user).toBe(of.ids['bob']);
  });

  it('does not count who is on it as deactivated', async () => {
    const of = await staff(['ada', 'bob']);
    const { body } = await reconcile(of, 'userName,active\nada,true\nbob,False\n');
    expect(body).toMatchObject({ roster: { rows: 2, present: 1 }, missing: 1 });
  });

  it('may be JSON lines or a list of SCIM', async () => {
    const of = await staff(['ada', 'bob']);
    const lines = await reconcile(of, '{"userName": "ada"}\n', { type: 'application/x-ndjson' });
    expect(lines.body.missing).toBe(1);
    const { body } = await app.ask('GET', '/scim/v2/Users', { key: of.secret });
    const list = await reconcile(of, JSON.stringify(body), { type: 'application/scim+json' });
    expect(list.body).toMatchObject({ people: 2, missing: 0, roster: { present: 2 } });
  });

  it('may be larger than any other body, and need not say how large', async () => {
    const of = await staff(['ada', 'bob']);
    const line = `${JSON.stringify({ title: 'x'.repeat(2_000), userName: 'nobody' })}\n`;
    async function* lines(): AsyncIterable<Uint8Array> {
      for (let i = 0; i < 1_000; i += 1) {
        await Promise.resolve();
        yield Buffer.from(i < 999 ? line : line.replace('nobody', 'ada'));
      }
    }
    const response = await fetch(`${app.url}${at(of)}/reconcile`, {
      method: 'POST',
      headers: { authorization: `Bearer ${app.ownerKey}`, 'content-type': 'application/x-ndjson' },
      body: Readable.toWeb(Readable.from(lines())) as ReadableStream,
      duplex: 'half',
    });
    expect(await response.json()).toMatchObject({ roster: { rows: 1_000 }, people: 2, missing: 1 });
  });

  it('says nothing of people of another connection, or of another organization', async () => {
    const of = await staff(['ada', 'bob']);
    await staff(['cleo']);
    const { user } = await app.person(of.org, 'dan');
    const { body } = await reconcile(of, csv(['ada']));
    expect(body).toMatchObject({ people: 2, missing: 1 });
    expect(await peopleOf(of, body.id)).not.toContainEqual(expect.objectContaining({ user }));
  });

  it('shows who was found page by page', async () => {
    const of = await staff(TEN);
    const { body } = await reconcile(of, csv(['nobody']));
    expect(body.with_live_tokens).toBe(10);
    const first = await app.ask('GET', `${at(of)}/reconciliations/${body.id}/people?limit=7`);
    const next = /<([^>]+)>/.exec(first.headers.get('link')!)![1]!;
    const second = await app.ask('GET', next);
    expect(second.headers.get('link')).toBeNull();
    const users = [...first.body.items, ...second.body.items].map(({ user }) => user);
    expect(new Set(users)).toEqual(new Set(Object.values(of.ids)));
  });
});

/** The second order fails, before it is carried out or after it has been committed. */
class BreakingDeprovision extends Deprovision {
  #orders = 0;

  constructor(
    readonly real: Deprovision,
    readonly moment: 'before' | 'after',
  ) {
    super();
  }

  override async revokePeople(
    ...order: Parameters<Deprovision['revokePeople']>
  ): Promise<MadeCases> {
    this.#orders += 1;
    const breaks = this.#orders === 2;
    if (breaks && this.moment === 'before') throw new DomainError('store.unavailable');
    const made = await this.real.revokePeople(...order);
    if (breaks) throw new DomainError('store.unavailable');
    return made;
  }

  override revokeSubject = (): never => unforeseen();
  override changeResource = (): never => unforeseen();
  override takeSignal = (): never => unforeseen();
  override revokeApiKey = (): never => unforeseen();
  override liftHold = (): never => unforeseen();
  override changeGroup = (): never => unforeseen();
  override admitGroup = (): never => unforeseen();
  override dismissGroup = (): never => unforeseen();
}

function unforeseen(): never {
  throw new Error('not asked here');
}

it.each(['before', 'after'] as const)(
  'whoever was to be revoked when the database broke %s it had stored that, is by the next try, once',
  async (moment) => {
    const of = await staff(TEN);
    const roster = csv(without('ida', 'jon'));
    const port = <T>(token: abstract new (...parts: never[]) => T): T =>
      app.app.get<T>(token, { strict: false });
    const { transactions } = app.world;
    const [audit, log, rosters] = [port(AuditLog), port(Log), port(PresentedRosters)];
    const reports = port(SubjectReports);
    const broken = new Reconciliations({
      ...{ transactions, audit, connections: port(Connections) },
      deprovision: new BreakingDeprovision(port(Deprovision), moment),
      revokedAtOnce: 1,
      comparison: new RosterComparison({ transactions, rosters, reports, log }),
    });
    const organization = of.org as OrganizationId;
    const order = broken.reconcile({
      operator: {
        organization,
        actor: { type: 'admin_key', id: newId() },
        requestId: newId(),
        receivedAt: new Date(),
      },
      connection: { organization, id: of.connection as ConnectionId },
      roster: () => readRoster('text/csv', Readable.from([Buffer.from(roster)])),
      apply: { maxShare: 20, hold: false },
    });
    await expect(order).rejects.toMatchObject({ code: 'store.unavailable' });
    expect(await entries(of, 'roster.applied')).toEqual([]);
    await eventually(async () => (await casesOf(of)).length === (moment === 'before' ? 1 : 2));

    const again = await reconcile(of, roster, { query: '?apply=true' });
    expect(again.body.revoked).toBe(moment === 'before' ? 1 : 0);
    expect([await liveOf(of, 'ida'), await liveOf(of, 'jon')]).toEqual([0, 0]);
    expect(await casesOf(of)).toHaveLength(2);
  },
);

describe('a roster that may be wrong', () => {
  let of: Staff;
  beforeAll(async () => {
    of = await staff(TEN);
  });

  it.each([
    [
      'misses more than a fifth',
      csv(without('ada', 'bob', 'cleo')),
      '',
      409,
      'roster.too_many_missing',
    ],
    ['is empty', 'userName\n', '&max_share=100', 400, 'roster.empty'],
    [
      'says that everybody is gone',
      'userName,active\nada,false\n',
      '&max_share=100',
      400,
      'roster.empty',
    ],
    ['is another company’s', csv(['x', 'y', 'z']), '', 409, 'roster.too_many_missing'],
    ['was cut in a line', csv(without('ada')).slice(0, -2), '', 400, 'roster.cut'],
    [
      'has a row that names nobody',
      `userName,email\n${TEN.join(',\n')},\n,,\n`,
      '',
      400,
      'roster.malformed',
    ],
    ['is no table of people', 'colour\nred\n', '', 400, 'roster.malformed'],
    [
      'misses more than was allowed',
      csv(without('ada')),
      '&max_share=9',
      409,
      'roster.too_many_missing',
    ],
  ])('revokes nobody when it %s', async (_, roster, query, status, code) => {
    const answer = await reconcile(of, roster, { query: `?apply=true${query}` });
    expect(answer.body).toMatchObject({ status, code });
    expect(await everyone(of)).toEqual(TEN.map((name) => [name, 1]));
    expect(await casesOf(of)).toEqual([]);
    expect(await app.world.query('select * from roster_names')).toEqual([]);
  });

  it('is said in the audit log to have done nothing', async () => {
    await reconcile(of, csv(['x']), { query: '?apply=true' });
    expect((await entries(of, 'roster.applied'))[0]).toMatchObject({
      outcome: 'refused',
      detail: { code: 'roster.too_many_missing', missing: 10, people: 10, max_share: 20 },
    });
  });

  it('is cut when its sender goes away, and revokes nobody', async () => {
    const before = await app.world.query('select * from reconciliations');
    const { hostname, port } = new URL(app.url);
    const sending = request({
      ...{ hostname, port, method: 'POST', path: `${at(of)}/reconcile?apply=true&max_share=100` },
      headers: { authorization: `Bearer ${app.ownerKey}`, 'content-type': 'application/jsonl' },
    });
    sending.on('error', () => undefined);
    const line = `${JSON.stringify({ userName: 'nobody', title: 'x'.repeat(200) })}\n`;
    sending.write('{"userName": "ada"}\n' + line.repeat(9_000));
    const kept = () => app.world.query('select * from roster_names');
    // Some of it has been written.
    await eventually(async () => (await kept()).length > 0);
    sending.destroy();
    await eventually(() =>
      app.lines.some((line) => line.includes('roster.cut') && line.includes('/reconcile')),
    );
    expect(await app.world.query('select * from reconciliations')).toEqual(before);
    expect(await casesOf(of)).toEqual([]);
    await eventually(async () => (await kept()).length === 0);
  });

  it.each([
    ['?apply=maybe', 400, 'request.invalid_value'],
    ['?max_share=101', 400, 'request.invalid_value'],
    ['?max_share=-1', 400, 'request.invalid_value'],
    ['?shares=5', 400, 'request.unknown_parameter'],
  ])('is not read with %s', async (query, status, code) => {
    expect((await reconcile(of, csv(TEN), { query })).body).toMatchObject({ status, code });
  });

  it('is for those who may revoke, of a connection that is there and knows people', async () => {
    const auditor = await app.adminKey(of.org, 'auditor');
    expect((await reconcile(of, csv(TEN), { key: auditor })).status).toBe(403);
    const nowhere = { ...of, connection: newId() };
    expect((await reconcile(nowhere, csv(TEN))).body.code).toBe('connection.unknown');
    const hook = await app.ask('POST', `/v1/organizations/${of.org}/connections`, {
      body: { kind: 'okta-event-hook', name: 'x' },
    });
    const answer = await reconcile({ ...of, connection: hook.body.id as ConnectionId }, csv(TEN));
    expect(answer.body).toMatchObject({ status: 400, code: 'request.invalid_value' });
  });
});

it('nobody’s name is kept of a roster, nor written to the log', async () => {
  const of = await staff(['ada', 'bob']);
  const lines = app.lines.length;
  const marker = 'zq7marker';
  const rows = ['ada', marker, `${marker}@example.test`].map((name) => `${name},${marker}\n`);
  await reconcile(of, `userName,${marker}\n${rows.join('')}`, {
    query: '?apply=true&max_share=50',
  });
  await reconcile(of, `userName\n"${marker}`, { query: '?apply=true' });
  await reconcile(of, `${marker}\n`, { type: 'application/x-ndjson' });
  const tables = await app.world.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
      where table_schema in ('public', 'audit') and table_type = 'BASE TABLE'`,
  );
  for (const { name } of tables) {
    const found = await app.world.query(`select 1 from ${name} t where t::text ilike $1`, [
      `%${marker}%`,
    ]);
    expect([name, found]).toEqual([name, []]);
  }
  const audited = await app.world.query(
    `select 1 from audit.entry where convert_from(bytes, 'UTF8') ilike $1`,
    [`%${marker}%`],
  );
  expect(audited).toEqual([]);
  expect(app.lines.slice(lines).join('')).not.toContain(marker);
});

it('each person whom a roster ends is told exactly once', async () => {
  expect(await casesMet(app.world)).toContain('admin user');
  expect(await toldOtherwise(app.world)).toEqual([]);
});
