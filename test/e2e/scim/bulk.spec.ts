// P1: durable before polite. P4: nothing is lost. P9: fail closed. Many changes in one request (RFC 7644 §3.7).
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/kernel/ids.js';
import { deleteOldJobs } from '../../../src/scim/postgres/bulk-jobs.js';
import { eventually } from '../../support/eventually.js';
import { ScimServer, type ScimAnswer, type ScimClient } from '../../support/scim-server.js';
import { toldOtherwise } from '../../support/told.js';

const BULK_REQUEST = 'urn:ietf:params:scim:api:messages:2.0:BulkRequest';
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

let server: ScimServer;
let client: ScimClient;

beforeAll(async () => {
  server = await ScimServer.open();
});
afterAll(() => server.close());
beforeEach(async () => {
  client = await server.client();
});

const bulk = (Operations: readonly unknown[], more: object = {}): Promise<ScimAnswer> =>
  server.send(client, 'POST', '/Bulk', {
    body: { schemas: [BULK_REQUEST], Operations, ...more },
  });

const newName = (): string => `${newId()}@example.com`;

async function person(): Promise<string> {
  const { body } = await server.send(client, 'POST', '/Users', { body: { userName: newName() } });
  return body.id as string;
}

const activeOf = async (id: string): Promise<boolean> =>
  (await server.send(client, 'GET', `/Users/${id}`)).body.active as boolean;

const membersOf = async (id: string): Promise<string[]> => {
  const { body } = await server.send(client, 'GET', `/Groups/${id}`);
  return (body.members ?? []).map(({ value }: { value: string }) => value);
};

const idIn = ({ location }: { location: string }): string => location.split('/').at(-1)!;
const statusesOf = ({ body }: ScimAnswer): string[] =>
  body.Operations.map(({ status }: { status: string }) => status);

const leaveOf = (id: string, value: unknown = false) => ({
  method: 'PATCH',
  path: `/Users/${id}`,
  data: { schemas: [PATCH_OP], Operations: [{ op: 'Replace', path: 'active', value }] },
});

describe('a bulk request', () => {
  it('makes, replaces, changes and removes, and tells each with its place and version', async () => {
    const [ada, bob, eve] = [await person(), await person(), await person()];
    const answer = await bulk([
      { method: 'POST', path: '/Users', bulkId: 'new', data: { userName: newName() } },
      { method: 'put', path: `/Users/${ada}`, data: { userName: newName(), title: 'Dr' } },
      leaveOf(bob, 'False'),
      { method: 'DELETE', path: `Users/${eve}/` },
    ]);
    expect(answer.status).toBe(200);
    expect(answer.body.schemas).toEqual(['urn:ietf:params:scim:api:messages:2.0:BulkResponse']);
    const at = `${server.root}/Users/`;
    expect(answer.body.Operations).toEqual([
      {
        method: 'POST',
        bulkId: 'new',
        location: expect.stringContaining(at),
        version: 'W/"1"',
        status: '201',
      },
      { method: 'PUT', location: `${at}${ada}`, version: 'W/"2"', status: '200' },
      { method: 'PATCH', location: `${at}${bob}`, version: 'W/"2"', status: '200' },
      { method: 'DELETE', location: `${at}${eve}`, status: '204' },
    ]);
    expect(await activeOf(bob)).toBe(false);
    expect((await server.send(client, 'GET', `/Users/${eve}`)).status).toBe(404);
  });

  it('makes a group before its member and a report before the manager, by their bulkIds', async () => {
    const enterprise = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
    const answer = await bulk([
      {
        method: 'POST',
        path: '/Groups',
        bulkId: 'staff',
        data: { displayName: 'Staff', members: [{ value: 'bulkId:ada' }] },
      },
      {
        method: 'POST',
        path: '/Users',
        bulkId: 'ada',
        data: { userName: newName(), [enterprise]: { manager: { value: 'bulkId:boss' } } },
      },
      { method: 'POST', path: '/Users', bulkId: 'boss', data: { userName: newName() } },
      { ...leaveOf('bulkId:boss') },
    ]);
    expect(statusesOf(answer)).toEqual(['201', '201', '201', '200']);
    const [staff, ada, boss] = answer.body.Operations.map(idIn) as [string, string, string];
    expect(await membersOf(staff)).toEqual([ada]);
    const made = await server.send(client, 'GET', `/Users/${ada}`);
    expect(made.body[enterprise].manager.value).toBe(boss);
    expect(await activeOf(boss)).toBe(false);
  });

  it('makes what speaks of each other in a circle', async () => {
    const group = (bulkId: string, member: string) => ({
      method: 'POST',
      path: '/Groups',
      bulkId,
      data: { displayName: bulkId, members: [{ value: `bulkId:${member}` }] },
    });
    const answer = await bulk([group('a', 'b'), group('b', 'c'), group('c', 'a'), group('d', 'd')]);
    expect(statusesOf(answer).map((status) => status.slice(0, 2))).toEqual([
      '20',
      '20',
      '20',
      '20',
    ]);
    const [a, b, c, d] = answer.body.Operations.map(idIn) as [string, string, string, string];
    expect(await Promise.all([a, b, c, d].map(membersOf))).toEqual([[b], [c], [a], [d]]);
  });

  it('refuses an operation that is none, says so in its place, and goes on', async () => {
    const gone = newId();
    const answer = await bulk([
      'nonsense',
      { method: 'GET', path: '/Users' },
      { method: 'POST', path: '/Users/x', data: {} },
      { method: 'PATCH', path: '/Users', data: {} },
      { method: 'POST', path: '/Devices', data: {} },
      { method: 'POST', path: '/Users', bulkId: 'wrong', data: { title: 'nobody' } },
      { method: 'PUT', path: '/Users/bulkId:wrong', data: { userName: newName() } },
      { method: 'DELETE', path: `/Users/${gone}` },
      leaveOf(await person()),
    ]);
    expect(statusesOf(answer)).toEqual([
      ...['400', '400', '400', '400', '400', '400'],
      ...['409', '404', '200'],
    ]);
    expect(answer.body.Operations[7]).toMatchObject({
      location: `${server.root}/Users/${gone}`,
      response: { status: '404', schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'] },
    });
    const refused = await server.world.query(
      `select from audit.entry where action = 'request.refused' and organization_id = $1`,
      [client.organization],
    );
    expect(refused).toHaveLength(8);
  });

  it('minds the version of each operation', async () => {
    const ada = await person();
    const rename = { method: 'PUT', path: `/Users/${ada}`, data: { userName: newName() } };
    const answer = await bulk([
      { ...rename, version: 'W/"7"' },
      { ...rename, version: 'W/"1"' },
    ]);
    expect(statusesOf(answer)).toEqual(['412', '200']);
  });

  it('begins nothing more after as many errors as it may have, but every leave happens', async () => {
    const [ada, bob] = [await person(), await person()];
    const wrong = { method: 'PUT', path: `/Users/${ada}`, data: {} };
    const staff = await server.send(client, 'POST', '/Groups', {
      body: { displayName: 'Staff', members: [{ value: ada }, { value: bob }] },
    });
    const moved = {
      method: 'PATCH',
      path: `/Groups/${staff.body.id}`,
      data: {
        schemas: [PATCH_OP],
        Operations: [{ op: 'remove', path: `members[value eq "${bob}"]` }],
      },
    };
    const answer = await bulk(
      [
        wrong,
        wrong,
        { method: 'PUT', path: `/Users/${ada}`, data: { userName: newName() } },
        leaveOf(ada),
        leaveOf(bob, 'perhaps'),
        moved,
      ],
      { failOnErrors: 2 },
    );
    expect(statusesOf(answer)).toEqual(['400', '400', '200', '400', '200']);
    expect(await membersOf(staff.body.id as string)).toEqual([ada]);
    expect(await activeOf(ada)).toBe(false);
    expect(await server.world.holds(bob as never)).toEqual([`unreadable:${client.connection}`]);
  });

  it('keeps the order of what it says of one person', async () => {
    const people = await Promise.all(Array.from({ length: 20 }, person));
    const said = people.flatMap((id, i) => [leaveOf(id), leaveOf(id, i % 2 === 0)]);
    const answer = await bulk(said);
    expect(new Set(statusesOf(answer))).toEqual(new Set(['200']));
    expect(await Promise.all(people.map(activeOf))).toEqual(people.map((_, i) => i % 2 === 0));
  });

  it('with a member that stands twice changes nothing, and means its false all the same', async () => {
    const [ada, bob] = [await person(), await person()];
    const text = JSON.stringify({
      schemas: [BULK_REQUEST],
      Operations: [leaveOf(ada), { method: 'DELETE', path: `/Users/${bob}` }],
    }).replace('"op":"Replace"', '"op":"Replace","op":"replace"');
    const answer = await server.send(client, 'POST', '/Bulk', { body: text });
    expect(statusesOf(answer)).toEqual(['400', '400']);
    expect(await server.world.holds(ada as never)).not.toEqual([]);
    expect(await activeOf(bob)).toBe(true);
  });

  it.each([
    ['no JSON', '{"Operations": [', 400, 'invalidSyntax'],
    ['no object', [], 400, 'invalidSyntax'],
    ['another schema', { schemas: [PATCH_OP], Operations: [] }, 400, 'invalidSyntax'],
    ['no list of operations', { Operations: {} }, 400, 'invalidSyntax'],
    ['no number of errors', { failOnErrors: 'one', Operations: [] }, 400, 'invalidValue'],
    ['too many operations', { Operations: Array.from({ length: 1_001 }, () => 0) }, 413, undefined],
    ['too many bytes', { Operations: [], more: 'x'.repeat(4_194_304) }, 413, undefined],
  ])('that is %s is refused as a whole', async (_, body, status, scimType) => {
    const answer = await server.send(client, 'POST', '/Bulk', { body });
    expect(answer.status).toBe(status);
    expect(answer.body).toMatchObject({ status: String(status) });
    expect(answer.body.scimType).toBe(scimType);
  });

  it('reaches nobody of another connection', async () => {
    const other = await server.client();
    const ada = await person();
    const answer = await server.send(other, 'POST', '/Bulk', {
      body: { Operations: [leaveOf(ada), { method: 'DELETE', path: `/Users/${ada}` }] },
    });
    expect(statusesOf(answer)).toEqual(['404', '404']);
    expect(await activeOf(ada)).toBe(true);
  });

  it('is a 503 as a whole when the database goes away, and what was done stays done', async () => {
    const people = await Promise.all(Array.from({ length: 100 }, person));
    const left = async (): Promise<number> => {
      const [row] = await server.world.query<{ count: number }>(
        'select count(*)::int as count from resources where connection_id = $1 and not active',
        [client.connection],
      );
      return row!.count;
    };
    const asked = bulk(people.map((id) => leaveOf(id)));
    await eventually(async () => (await left()) > 0);
    server.wire.cut();
    const answer = await asked;
    server.wire.heal();
    expect(answer.status).toBe(503);
    expect(answer.headers.get('retry-after')).not.toBeNull();
    const again = await bulk(people.map((id) => leaveOf(id)));
    expect(new Set(statusesOf(again))).toEqual(new Set(['200']));
    expect(await left()).toBe(100);
  });

  it('is advertised with its limits', async () => {
    const { body } = await server.send(client, 'GET', '/ServiceProviderConfig');
    expect(body.bulk).toEqual({ supported: true, maxOperations: 1_000, maxPayloadSize: 4_194_304 });
  });
});

describe('a bulk request that may be answered before it is carried out', () => {
  const LATER = { prefer: 'respond-async' };
  const never = new AbortController().signal;
  const joins = (userName = newName()) => ({ method: 'POST', path: '/Users', data: { userName } });
  const titled = (id: string, title: string, active?: boolean) => ({
    method: 'PATCH',
    path: `/Users/${id}`,
    data: {
      schemas: [PATCH_OP],
      Operations: [
        { op: 'replace', path: 'title', value: title },
        ...(active === undefined ? [] : [{ op: 'replace', path: 'active', value: active }]),
      ],
    },
  });
  const later = (Operations: readonly unknown[], headers: Record<string, string> = LATER) =>
    server.send(client, 'POST', '/Bulk', { headers, body: { Operations } });
  const look = (id: string) => server.send(client, 'GET', `/Bulk/${id}`);
  const txnOf = ({ headers }: ScimAnswer): string => headers.get('set-txn')!;
  const people = async (): Promise<string[]> => {
    const rows = await server.world.query<{ user_name: string }>(
      'select user_name from resources where connection_id = $1 and deleted_at is null order by user_name',
      [client.connection],
    );
    return rows.map(({ user_name }) => user_name);
  };
  const completions = (id: string) =>
    server.world.query<{ txn: string; resource: string; events: object }>(
      `select txn, resource, events from events_pending where split_part(txn, ':', 1) = $1
          and type like '%asyncresp' order by seq`,
      [id],
    );
  /** Whoever has it is dead, as far as anybody can tell. */
  const deserted = () => server.world.query(`update bulk_jobs set held_until = '-infinity'`);

  afterEach(() => server.world.query('delete from bulk_jobs'));
  it('is answered 202 once it is kept, tells its outcome when it is done, and each operation’s on the topic', async () => {
    const ada = await person();
    const answer = await later([joins(), titled(ada, 'Dr'), { ...joins(), path: '/Groups' }]);
    const id = txnOf(answer);
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect(answer.headers.get('preference-applied')).toBe('respond-async');
    expect(answer.headers.get('location')).toBe(`${server.root}/Bulk/${id}`);
    expect(answer.headers.get('x-request-id')).toBe(id);
    expect(await people()).toHaveLength(1);
    expect(await look(id)).toMatchObject({ status: 202, text: '' });

    expect(await server.jobs.runOnce(never)).toBe(true);
    const outcome = await look(id);
    expect(outcome.status).toBe(200);
    expect(outcome.headers.get('content-type')).toMatch(/^application\/scim\+json/);
    expect(statusesOf(outcome)).toEqual(['201', '200', '400']);
    const made = idIn(outcome.body.Operations[0]);
    expect(outcome.body.Operations[1]).toEqual({
      ...{ method: 'PATCH', location: `${server.root}/Users/${ada}`, version: 'W/"2"' },
      status: '200',
    });
    const uri = 'urn:ietf:params:scim:event:misc:asyncresp';
    expect(await completions(id)).toEqual([
      {
        txn: `${id}:0`,
        resource: `/Users/${made}`,
        events: { [uri]: { method: 'POST', version: 'W/"1"', status: '201' } },
      },
      {
        txn: `${id}:1`,
        resource: `/Users/${ada}`,
        events: { [uri]: { method: 'PATCH', version: 'W/"2"', status: '200' } },
      },
      {
        txn: `${id}:2`,
        resource: '/Groups',
        events: {
          [uri]: {
            method: 'POST',
            status: '400',
            response: {
              schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
              scimType: 'invalidValue',
              status: '400',
            },
          },
        },
      },
    ]);
  });

  it('is carried out and answered at once when it takes anything away, cannot be read, or nobody asks for it', async () => {
    const [ada, bob] = [await person(), await person()];
    const staff = await server.send(client, 'POST', '/Groups', { body: { displayName: 'Staff' } });
    for (const taking of [
      leaveOf(ada),
      leaveOf(ada, 'perhaps'),
      { method: 'DELETE', path: `/Users/${bob}` },
      { method: 'PUT', path: `/Groups/${staff.body.id}`, data: { displayName: 'Staff' } },
      { method: 'POST', path: '/Users', data: { userName: newName(), active: 'False' } },
      { method: 'POST', path: '/Devices', data: {} },
    ])
      expect((await later([joins(), taking])).status).toBe(200);
    expect(await activeOf(ada)).toBe(false);
    expect((await later([joins()], { prefer: 'return=minimal' })).status).toBe(200);
    expect((await later([joins()], {})).status).toBe(200);
    expect(await server.jobs.runOnce(never)).toBe(false);
  });

  it('that comes with a time to wait is answered as ever when it is done by then', async () => {
    const answered = later([joins()], { prefer: 'respond-async, wait=15' });
    await eventually(() => server.jobs.runOnce(never));
    const answer = await answered;
    expect([answer.status, statusesOf(answer)]).toEqual([200, ['201']]);
  });

  it('lifts nothing that was set after it had come', async () => {
    const ada = await person();
    const id = txnOf(await later([titled(ada, 'Dr'), titled(ada, 'Prof', true)]));
    await bulk([leaveOf(ada)]);
    await server.jobs.runOnce(never);
    expect(statusesOf(await look(id))).toEqual(['200', '200']);
    expect(await activeOf(ada)).toBe(false);
    expect(await server.world.holds(ada as never)).toEqual([`scim:${client.connection}`]);
  });

  it.each(['before', 'after'] as const)(
    'has its effect once, however often whoever carries it out dies %s an operation has committed',
    async (moment) => {
      const names = Array.from({ length: 12 }, newName).sort();
      const circle = [
        { ...joins(names[0]), bulkId: 'a' },
        {
          ...{ method: 'POST', path: '/Groups', bulkId: 'g' },
          data: { displayName: 'g', members: [{ value: 'bulkId:a' }] },
        },
      ];
      const id = txnOf(await later([...circle, ...names.slice(1).map(joins)]));
      let deaths = 0;
      // Once all is done, the death may be that of the last commit: then nothing is left to carry out.
      for (; deaths < 4 && (await look(id)).status === 202; deaths += 1) {
        let left = 2;
        server.breaks.next = () => (left-- === 0 ? moment : 'never');
        await server.jobs.runOnce(never);
        server.breaks.next = () => 'never';
        await deserted();
      }
      expect(deaths).toBeGreaterThan(1);
      await server.jobs.runOnce(never);
      const outcome = await look(id);
      expect(new Set(statusesOf(outcome))).toEqual(new Set(['201']));
      expect(await people()).toEqual(names);
      expect(await membersOf(idIn(outcome.body.Operations[1]))).toEqual([
        idIn(outcome.body.Operations[0]),
      ]);
      expect(await completions(id)).toHaveLength(13);
    },
  );

  it('has its effect once when two carry it out, because one was thought dead', async () => {
    const names = Array.from({ length: 30 }, newName).sort();
    const id = txnOf(await later(names.map(joins)));
    const first = server.jobs.runOnce(never);
    await eventually(async () => (await people()).length > 0);
    await deserted();
    await Promise.all([first, server.jobs.runOnce(never)]);
    const outcome = await look(id);
    expect(new Set(statusesOf(outcome))).toEqual(new Set(['201']));
    expect(await people()).toEqual(names);
    expect(await completions(id)).toHaveLength(30);
  });

  it('waits for one of another organization at most, however many that one has put off', async () => {
    const first: string[] = [];
    for (let i = 0; i < 5; i += 1) first.push(txnOf(await later([joins()])));
    await server.jobs.runOnce(never);
    const other = await server.client();
    const second: string[] = [];
    for (let i = 0; i < 2; i += 1) {
      const body = { Operations: [joins()] };
      second.push(txnOf(await server.send(other, 'POST', '/Bulk', { headers: LATER, body })));
    }
    for (let i = 0; i < 6; i += 1) await server.jobs.runOnce(never);
    const order = await server.world.query<{ id: string }>(
      'select id from bulk_jobs order by finished_at',
    );
    const [a, b, c, d, e] = first;
    expect(order.map(({ id }) => id)).toEqual([a, second[0], b, second[1], c, d, e]);
  });

  it('that has to stop lets another go on at once', async () => {
    const names = Array.from({ length: 3 }, newName).sort();
    const id = txnOf(await later(names.map(joins)));
    const stop = new AbortController();
    stop.abort();
    await server.jobs.runOnce(stop.signal);
    expect(await people()).toEqual([]);
    await server.jobs.runOnce(never);
    expect(statusesOf(await look(id))).toEqual(['201', '201', '201']);
  });

  it('stands nowhere in plain words, and its request goes when it is done', async () => {
    const name = newName();
    const id = txnOf(await later([joins(name)]));
    const row = async () => {
      const [found] = await server.world.query<{ request: Buffer | null; result: Buffer | null }>(
        'select request, result from bulk_jobs where id = $1',
        [id],
      );
      return found!;
    };
    expect((await row()).request!.includes(name)).toBe(false);
    await server.jobs.runOnce(never);
    expect((await row()).request).toBeNull();
    const steps = await server.world.query('select * from bulk_job_steps where job_id = $1', [id]);
    expect(JSON.stringify(steps)).not.toContain(name);
    await server.world.query(`update bulk_jobs set finished_at = now() - interval '25 hours'`);
    await server.world.transactions.run('background', (tx) => deleteOldJobs(tx, 24, 100));
    expect((await look(id)).status).toBe(404);
  });

  it('is nobody’s of another connection, and nothing is done for one that was removed', async () => {
    const id = txnOf(await later([joins()]));
    const other = await server.client();
    expect((await server.send(other, 'GET', `/Bulk/${id}`)).status).toBe(404);
    expect((await server.send(client, 'GET', '/Bulk/none')).status).toBe(404);
    await server.world.query('update connections set removed_at = now() where id = $1', [
      client.connection,
    ]);
    await server.jobs.runOnce(never);
    expect(await people()).toEqual([]);
    expect(await server.world.query('select from bulk_jobs where id = $1', [id])).toEqual([]);
  });

  it('is a 503 when it cannot be kept', async () => {
    server.wire.cut();
    const answer = await later([joins()]).finally(() => {
      server.wire.heal();
    });
    expect(answer.status).toBe(503);
    expect(await server.jobs.runOnce(never)).toBe(false);
  });
});

it('each case of a bulk request is told exactly once, and who is held at the end was told to be', async () => {
  const [cases] = await server.world.query<{ n: number }>(
    `select count(*)::integer as n from cases where revoked_at is not null`,
  );
  expect(cases?.n).toBeGreaterThan(10);
  expect(await toldOtherwise(server.world)).toEqual([]);
});
