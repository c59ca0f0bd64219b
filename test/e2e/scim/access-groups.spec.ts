// P1: durable before polite. P2: dead stays dead. P4: nothing is lost. P9: fail closed. Access that comes from groups.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { QueryRunner } from 'typeorm';
import { AGroupsIdGivesNoPlace1764319100000 } from '../../../migrations/1764319100000-a-groups-id-gives-no-place.js';
import { newId, type GroupId, type UserId } from '../../../src/kernel/ids.js';
import { toldOtherwise } from '../../support/told.js';
import { eventually } from '../../support/eventually.js';
import { aboutGroup, groupFixtures } from '../../support/idp-fixtures.js';
import { ScimServer, type ScimClient } from '../../support/scim-server.js';

const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

let server: ScimServer;

beforeAll(async () => {
  server = await ScimServer.open();
});

afterAll(() => server.close());

const operator = (client: ScimClient) => ({
  organization: client.organization,
  actor: { type: 'admin_key', id: newId() } as const,
  requestId: newId(),
  receivedAt: new Date(),
});

/** Access comes from this group. */
const admit = (client: ScimClient, group: string, apply = false) =>
  server.world.heart.admitGroup({ ...operator(client), group: group as GroupId, apply });

async function person(client: ScimClient, more: object = {}): Promise<string> {
  const body = { userName: `${newId()}@example.com`, ...more };
  const answer = await server.send(client, 'POST', '/Users', { body });
  expect(answer.status).toBe(201);
  return answer.body.id as string;
}

async function group(client: ScimClient, members: readonly string[], displayName = 'Staff') {
  const body = { displayName, members: members.map((value) => ({ value })) };
  const answer = await server.send(client, 'POST', '/Groups', { body });
  expect(answer.status).toBe(201);
  return answer.body.id as string;
}

const patch = (client: ScimClient, path: string, ...Operations: unknown[]) =>
  server.send(client, 'PATCH', path, { body: { schemas: [PATCH_OP], Operations } });

const join = (client: ScimClient, id: string, ...members: string[]) =>
  patch(client, `/Groups/${id}`, {
    op: 'add',
    path: 'members',
    value: members.map((value) => ({ value })),
  });

const leave = (client: ScimClient, id: string, member: string) =>
  patch(client, `/Groups/${id}`, { op: 'remove', path: `members[value eq "${member}"]` });

const standing = async (user: string) => ({
  generation: await server.world.generation('user', user),
  holds: (await server.world.holds(user as UserId)).map((hold) => hold.split(':')[0]).sort(),
});

const ACTIVE = { generation: 1, holds: [] };
const GONE = { generation: 2, holds: ['group'] };

const rows = <R extends object = { n: number }>(text: string, client: ScimClient): Promise<R[]> =>
  server.world.query<R>(text, [client.organization]);

const count = async (table: string, client: ScimClient): Promise<number> =>
  (await rows(`select count(*)::int as n from ${table} where organization_id = $1`, client))[0]!.n;

/** Two people in a group that access comes from. */
async function staff() {
  const client = await server.client();
  const [ada, bob] = [await person(client), await person(client)];
  const id = await group(client, [ada, bob]);
  expect(await admit(client, id)).toEqual({ outside: 0, gone: 0 });
  return { client, ada, bob, id };
}

describe('what identity providers send about a group that access comes from', () => {
  it.each(groupFixtures)('%s has its effect', async (_, fixture) => {
    const client = await server.client();
    const ids = { id: '', user: await person(client), other: await person(client) };
    if (fixture.before !== 'nobody') {
      ids.id = await group(client, [ids.user, ids.other]);
      await admit(client, ids.id);
      if (fixture.before === 'outside') await leave(client, ids.id, ids.user);
    }
    const before = await standing(ids.user);
    const { method, path, headers, body } = aboutGroup(fixture, ids);
    const answer = await server.send(client, method, path, {
      headers,
      ...(body !== undefined && { body }),
    });
    const { status, scimType, access, members, displayName, found } = fixture.expect;
    expect(answer.status).toBe(status);
    if (scimType !== undefined) expect(answer.body).toMatchObject({ scimType });
    if (found !== undefined) expect(answer.body.totalResults).toBe(found);
    const after = await standing(ids.user);
    if (access === 'gone') expect(after).toEqual(GONE);
    else if (access === 'back') expect(after).toEqual({ generation: 2, holds: [] });
    else expect(after).toEqual(before);
    const id = ids.id === '' ? (answer.body.id as string) : ids.id;
    const now = await server.send(client, 'GET', `/Groups/${id}`);
    expect(now.status).toBe(method === 'DELETE' ? 404 : 200);
    if (members !== undefined)
      expect(now.body.members.map(({ value }: { value: string }) => value).sort()).toEqual(
        members.map((who) => ids[who]).sort(),
      );
    if (displayName !== undefined) expect(now.body.displayName).toBe(displayName);
    // The other one is nobody's business here.
    const stays =
      fixture.before === 'nobody' ||
      (members === undefined ? access !== 'gone' : members.includes('other'));
    expect((await standing(ids.other)).holds).toEqual(stays ? [] : ['group']);
  });
});

describe('who leaves the last access group', () => {
  it('is gone before the answer: generation, hold, tokens, case, entry and record', async () => {
    const { client, ada, bob, id } = await staff();
    const device = await server.world.device(client.organization);
    const token = await server.world.token(client.organization, ada as UserId, device);
    const offered = server.publisher.offered.length;
    expect((await leave(client, id, ada)).status).toBe(204);
    const [family] = await server.world.query('select * from device_tokens where id = $1', [token]);
    expect(family).toMatchObject({ revoked_at: expect.any(Date), revoked_cause: 'group' });
    expect(await standing(ada)).toEqual(GONE);
    expect(await standing(bob)).toEqual(ACTIVE);
    expect(await rows('select * from cases where organization_id = $1', client)).toMatchObject([
      {
        user_id: ada,
        cause_kind: 'group',
        cause_connection: client.connection,
        tokens: 1,
        devices: 1,
        id: family!['revoked_case'],
      },
    ]);
    expect(
      await rows('select * from assignments where organization_id = $1', client),
    ).toMatchObject([{ ended_case: family!['revoked_case'] }]);
    expect(await count('outbox', client)).toBe(1);
    expect(await count('outbox_pending', client)).toBe(1);
    expect(server.publisher.offered.length).toBe(offered + 1);
    const [record] = server.publisher.offered.slice(-1);
    expect(JSON.parse(Buffer.from(record!.value).toString())).toMatchObject({
      scope: 'user',
      subject: ada,
      generation: 2,
      cause: 'group',
    });
    const entries = await rows<{ action: string; case_id: string | null }>(
      `select action, case_id from audit.entry where organization_id = $1 and action in ('user.deprovisioned', 'group.changed')
        order by action`,
      client,
    );
    expect(entries.map(({ action }) => action)).toEqual(['group.changed', 'user.deprovisioned']);
  });

  it('comes back with a place, and only that hold is lifted; what was dead stays dead', async () => {
    const { client, ada, id } = await staff();
    await leave(client, id, ada);
    await patch(client, `/Users/${ada}`, { op: 'replace', path: 'active', value: 'False' });
    expect(await standing(ada)).toEqual({ generation: 3, holds: ['group', 'scim'] });
    await patch(client, `/Users/${ada}`, { op: 'replace', path: 'active', value: true });
    expect(await standing(ada)).toEqual({ generation: 3, holds: ['group'] });
    await patch(client, `/Users/${ada}`, { op: 'replace', path: 'active', value: false });
    await join(client, id, ada);
    expect(await standing(ada)).toEqual({ generation: 4, holds: ['scim'] });
    await patch(client, `/Users/${ada}`, { op: 'replace', path: 'active', value: true });
    expect(await standing(ada)).toEqual({ generation: 4, holds: [] });
  });

  it('keeps access as long as any other one has them, and by a group that gives none is nobody kept', async () => {
    const { client, ada, id } = await staff();
    const second = await group(client, [ada], 'Contractors');
    await group(client, [ada], 'Football');
    await admit(client, second);
    await leave(client, id, ada);
    expect(await standing(ada)).toEqual(ACTIVE);
    expect((await server.send(client, 'DELETE', `/Groups/${second}`)).status).toBe(204);
    expect(await standing(ada)).toEqual(GONE);
  });

  it('in two requests at once, one for each of two groups, does not slip through', async () => {
    const { client, ada, id } = await staff();
    const second = await group(client, [ada], 'Contractors');
    await admit(client, second);
    const answers = await Promise.all([leave(client, id, ada), leave(client, second, ada)]);
    expect(answers.map(({ status }) => status)).toEqual([204, 204]);
    expect(await standing(ada)).toEqual(GONE);
  });

  it('and is deactivated at the same time, is gone by both', async () => {
    const { client, ada, id } = await staff();
    const answers = await Promise.all([
      leave(client, id, ada),
      patch(client, `/Users/${ada}`, { op: 'replace', path: 'active', value: false }),
      join(client, id, newId()),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([204, 200, 204]);
    expect(await standing(ada)).toEqual({ generation: 3, holds: ['group', 'scim'] });
  });

  it('and cannot be written, has not left, and the sender hears 503', async () => {
    const { client, ada, id } = await staff();
    await server.world.query(
      `create function refuse_group() returns trigger language plpgsql as $$ begin raise exception 'disk full' using errcode = '53100'; end $$`,
    );
    await server.world.query(
      `create trigger refuse_group before insert on outbox for each row execute function refuse_group()`,
    );
    try {
      expect((await leave(client, id, ada)).status).toBe(503);
      expect((await server.send(client, 'DELETE', `/Groups/${id}`)).status).toBe(503);
    } finally {
      await server.world.query('drop trigger refuse_group on outbox');
    }
    expect(await standing(ada)).toEqual(ACTIVE);
    const { body } = await server.send(client, 'GET', `/Groups/${id}`);
    expect(body.members).toHaveLength(2);
    expect((await leave(client, id, ada)).status).toBe(204);
    expect(await standing(ada)).toEqual(GONE);
  });

  it('and whose answer is lost, has left once: said again it changes nothing', async () => {
    const { client, ada, id } = await staff();
    server.wire.watch((request, wire) => {
      if (wire.opening.includes('offswitch deprovision') && request.includes('commit\0'))
        wire.silence('replies');
    });
    const lost = leave(client, id, ada);
    try {
      await eventually(async () => (await standing(ada)).generation === 2);
    } finally {
      server.wire.reset();
      server.wire.heal();
    }
    expect((await lost).status).toBe(503);
    expect((await leave(client, id, ada)).status).toBe(204);
    expect(await standing(ada)).toEqual(GONE);
    expect(await count('cases', client)).toBe(1);
    expect(await count('outbox', client)).toBe(1);
  });

  it('of many is one of a set: all of it in one request', async () => {
    const client = await server.client();
    const MANY = 1_200;
    const people = await server.world.query<{ id: string }>(
      `with u as (insert into users (id, organization_id) select gen_random_uuid(), $1 from generate_series(1, $3::integer) returning id),
            g as (insert into subject_generations (organization_id, scope, subject_id) select $1, 'user', id from u)
       insert into resources (id, organization_id, connection_id, user_id, user_name, user_name_key, active, attributes, created_at, changed_at)
       select id, $1, $2, id, id::text, id::text, true, '{}', now(), now() from u returning id`,
      [client.organization, client.connection, MANY],
    );
    const id = await group(
      client,
      people.map((each) => each.id),
    );
    await admit(client, id);
    const device = await server.world.device(client.organization);
    await server.world.token(client.organization, people[MANY - 1]!.id as UserId, device);
    const offered = server.publisher.offered.length;
    expect((await server.send(client, 'DELETE', `/Groups/${id}`)).status).toBe(204);
    const [gone] = await rows(
      `select count(*)::int as n from subject_generations
        where organization_id = $1 and scope = 'user' and generation = 2 and holds ? 'group:${client.connection}'`,
      client,
    );
    expect(gone!.n).toBe(MANY);
    for (const table of ['cases', 'outbox', 'outbox_pending'])
      expect(await count(table, client)).toBe(MANY);
    expect(
      await rows('select * from device_tokens where organization_id = $1', client),
    ).toMatchObject([{ revoked_cause: 'group' }]);
    expect(server.publisher.offered.length).toBe(offered + MANY);
  });
});

describe('who appears where access comes from groups', () => {
  it('gets nothing before they have a place', async () => {
    const { client, id } = await staff();
    const eve = await person(client);
    expect(await standing(eve)).toEqual({ generation: 1, holds: ['group'] });
    await join(client, id, eve);
    expect(await standing(eve)).toEqual(ACTIVE);
  });

  it('has a place at once when a group has waited for them', async () => {
    const { client, id } = await staff();
    await join(client, id, 'emp-7', 'emp-8');
    const eve = await person(client, { externalId: 'emp-7' });
    expect(await standing(eve)).toEqual(ACTIVE);
    const dan = await person(client);
    expect((await standing(dan)).holds).toEqual(['group']);
    await patch(client, `/Users/${dan}`, { op: 'add', path: 'externalId', value: 'emp-8' });
    expect(await standing(dan)).toEqual(ACTIVE);
    await leave(client, id, 'emp-7');
    expect(await standing(eve)).toEqual(GONE);
  });

  it('at the moment in which a group begins or ceases to wait for them, has what is right in the end', async () => {
    const { client, id } = await staff();
    const names = Array.from({ length: 12 }, (_, n) => `emp-${n}`);
    const ceasing = names.filter((_, n) => n % 2 === 1);
    await join(client, id, ...ceasing);
    const people = await Promise.all(
      names.map(async (externalId) => {
        const [user] = await Promise.all([
          person(client, { externalId }),
          ceasing.includes(externalId)
            ? leave(client, id, externalId)
            : join(client, id, externalId),
        ]);
        return user;
      }),
    );
    const { body } = await server.send(client, 'GET', `/Groups/${id}`);
    const known = body.members.filter(({ $ref }: { $ref?: string }) => $ref !== undefined);
    expect(body.members).toHaveLength(2 + 6);
    expect(known).toHaveLength(2 + 6);
    for (const [n, user] of people.entries())
      expect([names[n], (await standing(user)).holds]).toEqual([
        names[n],
        ceasing.includes(names[n]!) ? ['group'] : [],
      ]);
  });

  it('again after a deletion, needs a place again', async () => {
    const { client, ada, id } = await staff();
    const { body } = await server.send(client, 'GET', `/Users/${ada}`);
    await server.send(client, 'DELETE', `/Users/${ada}`);
    const again = await person(client, { userName: body.userName, active: true });
    expect((await standing(ada)).holds).toEqual(['group']);
    await join(client, id, again);
    expect(await standing(ada)).toEqual({ generation: 2, holds: [] });
  });

  it('on another connection, is not concerned', async () => {
    const { client } = await staff();
    const other = await server.client({ organization: client.organization });
    expect(await standing(await person(other))).toEqual(ACTIVE);
  });
});

describe('the switch', () => {
  it('says who is outside, and ends their access only when it is told to', async () => {
    const client = await server.client();
    const other = await server.client({ organization: client.organization });
    const [ada, bob] = [await person(client), await person(client)];
    const elsewhere = await person(other);
    const id = await group(client, [ada]);
    expect(await admit(client, id)).toEqual({ outside: 1, gone: 0 });
    expect(await standing(bob)).toEqual(ACTIVE);
    expect(await admit(client, id, true)).toEqual({ outside: 0, gone: 1 });
    expect(await standing(bob)).toEqual(GONE);
    expect(await standing(ada)).toEqual(ACTIVE);
    expect(await standing(elsewhere)).toEqual(ACTIVE);
    const [made] = await rows<{ cause_kind: string; cause_actor: string | null }>(
      'select cause_kind, cause_actor from cases where organization_id = $1',
      client,
    );
    expect(made).toMatchObject({ cause_kind: 'group', cause_actor: expect.any(String) });
    expect(await admit(client, id, true)).toEqual({ outside: 0, gone: 0 });
    expect(await admit(client, newId(), true)).toBeNull();
    expect(await admit(await server.client(), id)).toBeNull();
  });

  it('lets those back who are in the group that is named, after the one of before was deleted', async () => {
    const { client, ada, bob, id } = await staff();
    await server.send(client, 'DELETE', `/Groups/${id}`);
    const again = await group(client, [ada]);
    expect((await standing(ada)).holds).toEqual(['group']);
    await patch(client, `/Users/${ada}`, { op: 'replace', path: 'active', value: false });
    expect(await admit(client, again)).toEqual({ outside: 0, gone: 0 });
    expect((await standing(ada)).holds).toEqual(['scim']);
    expect((await standing(bob)).holds).toEqual(['group']);
    await join(client, again, bob);
    expect((await standing(bob)).holds).toEqual([]);
  });

  it('turned off, takes nothing away and lifts nothing; a group that was deleted stays one', async () => {
    const { client, ada, bob, id } = await staff();
    await leave(client, id, ada);
    const off = () => server.world.heart.dismissGroup(operator(client), id as GroupId);
    await server.send(client, 'DELETE', `/Groups/${id}`);
    expect((await standing(bob)).holds).toEqual(['group']);
    expect((await standing(await person(client))).holds).toEqual(['group']);
    expect([await off(), await off()]).toEqual([true, false]);
    expect((await standing(ada)).holds).toEqual(['group']);
    expect(await standing(await person(client))).toEqual(ACTIVE);
  });
});

describe('a group in an access group', () => {
  it('that has the name of a person is not that person', async () => {
    const client = await server.client();
    // Entra's own ids are UUIDs, as ours are.
    const names = ['42', newId()];
    const people = await Promise.all(names.map((externalId) => person(client, { externalId })));
    const id = await group(client, []);
    await admit(client, id, true);
    const nested = [...names, ...people].flatMap((value) => [
      { value, type: 'Group' },
      { $ref: `https://idp.example/Groups/${value}` },
    ]);
    const added = await patch(client, `/Groups/${id}`, {
      ...{ op: 'add', path: 'members', value: nested },
    });
    expect(added.status).toBe(204);
    for (const one of people) expect(await standing(one)).toEqual(GONE);
    const whole = { displayName: 'Staff', members: nested };
    const put = await server.send(client, 'PUT', `/Groups/${id}`, { body: whole });
    expect(put.body.members).toEqual([]);
    for (const one of people) expect(await standing(one)).toEqual(GONE);

    await join(client, id, ...names);
    const back = { generation: 2, holds: [] };
    for (const one of people) expect(await standing(one)).toEqual(back);
    const removed = [...names, ...people].map((value) => ({
      ...{ op: 'remove', path: `members[type eq "Group" and value eq "${value}"]` },
    }));
    const listed = { op: 'remove', path: 'members', value: nested };
    expect((await patch(client, `/Groups/${id}`, ...removed, listed)).status).toBe(204);
    for (const one of people) expect(await standing(one)).toEqual(back);
  });

  it.each(['before', 'after', 'by a change'] as const)(
    'whose id is the external id of somebody who comes %s gives them no place, and is told as the group that it is',
    async (when) => {
      const client = await server.client();
      const inner = await group(client, []);
      const outer = await group(client, []);
      await admit(client, outer, true);
      const early = when === 'before' ? await person(client, { externalId: inner }) : null;
      await join(client, outer, inner);
      const ada = early ?? (await person(client, when === 'after' ? { externalId: inner } : {}));
      if (when === 'by a change')
        await patch(client, `/Users/${ada}`, { op: 'add', path: 'externalId', value: inner });
      expect((await standing(ada)).holds).toEqual(['group']);
      const told = await server.send(client, 'GET', `/Groups/${outer}`);
      expect(told.body.members).toMatchObject([{ value: inner, type: 'Group' }]);
      const seen = await server.send(client, 'GET', `/Users/${ada}?attributes=groups`);
      expect(seen.body.groups ?? []).toEqual([]);
    },
  );

  it('that stood for somebody by their external id, as it once did, stands for nobody after the migration', async () => {
    const client = await server.client();
    const inner = await group(client, []);
    const outside = newId();
    const [ada, bob, eve] = [
      await person(client, { externalId: inner }),
      await person(client, { externalId: outside }),
      await person(client),
    ];
    const outer = await group(client, [inner, outside, eve]);
    await server.world.query(
      `update group_members set resource_id = $1, user_id = $1 where group_id = $2 and value = $3`,
      [ada, outer, inner],
    );
    expect(await admit(client, outer)).toMatchObject({ outside: 0 });
    const runner = { query: (text: string) => server.world.query(text) };
    await new AGroupsIdGivesNoPlace1764319100000().up(runner as unknown as QueryRunner);
    expect(await admit(client, outer, true)).toMatchObject({ gone: 1 });
    expect(await standing(ada)).toEqual(GONE);
    for (const one of [bob, eve]) expect(await standing(one)).toEqual(ACTIVE);
  });

  it('gives its people no access, and takes none away when it goes', async () => {
    const client = await server.client();
    const [ada, bob] = [await person(client), await person(client)];
    const inner = await group(client, [bob]);
    const outer = await group(client, [ada, inner]);
    expect(await admit(client, outer)).toMatchObject({ outside: 1 });
    await leave(client, outer, inner);
    expect(await standing(bob)).toEqual({ generation: 1, holds: [] });
    await join(client, outer, inner);
    await admit(client, outer, true);
    expect(await standing(bob)).toEqual({ generation: 2, holds: ['group'] });
    await server.send(client, 'DELETE', `/Groups/${inner}`);
    expect(await standing(ada)).toEqual({ generation: 1, holds: [] });
  });
});

it('each case of a group is told exactly once, under its own id, whatever took the place', async () => {
  const world = server.world;
  const [cases] = await world.query<{ n: number }>(
    `select count(*)::integer as n from cases where cause_kind = 'group'`,
  );
  expect(cases?.n).toBeGreaterThan(10);
  expect(await toldOtherwise(world)).toEqual([]);
});
