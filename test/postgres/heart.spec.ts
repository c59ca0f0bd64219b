// P1: durable before polite. P2: dead stays dead. P4: nothing is undone. P9: fail closed.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type {
  ActiveWord,
  Edit,
  Origin,
  ResourceOutcome,
  StoredResource,
  VerifiedSignal,
} from '../../src/deprovision/index.js';
import {
  newId,
  type ConnectionId,
  type OrganizationId,
  type UserId,
} from '../../src/kernel/ids.js';
import { Heart } from '../../src/deprovision/heart.js';
import { DomainError } from '../../src/kernel/domain-error.js';
import { Transactions, type Lane, type Tx } from '../../src/kernel/tx.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';
import { rows, sql } from '../../src/platform/postgres/rows.js';
import { casesMet, toldOtherwise } from '../support/told.js';
import { RememberingPublisher, systemClock, World } from '../support/world.js';

let world: World;
beforeAll(async () => {
  world = await World.open();
});
afterAll(() => world.close());

let instant = Date.parse('2026-11-23T09:00:00Z');
const originOf = (organization: OrganizationId, connection: ConnectionId): Origin => ({
  organization,
  connection,
  requestId: newId(),
  receivedAt: new Date((instant += 1000)),
});

const says =
  (word: 'true' | 'false', more: Partial<StoredResource> = {}): Edit =>
  (stored) => ({ word, next: { ...stored, ...more, active: word === 'true' } });

async function scene() {
  const organization = await world.organization();
  const connection = await world.connection(organization);
  const create = async (userName: string, word: ActiveWord = 'true', on = connection) =>
    world.heart.changeResource({
      kind: 'create',
      origin: originOf(organization, on),
      word,
      image: {
        userName,
        externalId: `ext-${userName}`,
        emails: [`${userName}@example.com`],
        active: word !== 'false',
        attributes: { userName },
      },
    });
  const edit = (resource: StoredResource, change: Edit, on = connection) =>
    world.heart.changeResource({
      kind: 'edit',
      origin: originOf(organization, on),
      resource: resource.id,
      edit: change,
    });
  const refuse = (userName: string, word: ActiveWord) =>
    refuseOn(organization, connection, userName, word);
  const remove = ({ id }: StoredResource) =>
    world.heart.changeResource({
      kind: 'remove',
      origin: originOf(organization, connection),
      resource: id,
    });
  const signal = (on: ConnectionId, given: Partial<VerifiedSignal>) =>
    world.heart.takeSignal({
      origin: originOf(organization, on),
      signal: {
        dedupeKey: newId(),
        eventType: 'user.lifecycle.deactivate',
        occurredAt: new Date('2026-11-23T08:00:00Z'),
        effect: 'hold',
        class: 'deactivated',
        subject: [],
        ...given,
      },
    });
  return { organization, connection, create, edit, refuse, remove, signal };
}

const why = new Error('something else in the request is wrong');
const refuseOn = (
  organization: OrganizationId,
  connection: ConnectionId,
  userName: string | null,
  word: ActiveWord = 'false',
) =>
  world.heart.changeResource({
    kind: 'refused_create',
    origin: originOf(organization, connection),
    word,
    userName,
    refused: why,
  });

function done(outcome: ResourceOutcome): Extract<ResourceOutcome, { kind: 'done' }> {
  if (outcome.kind !== 'done') throw new Error(`not done: ${outcome.kind}`);
  return outcome;
}

const tokensOf = (user: string) =>
  world.query<{ revoked_at: Date | null; revoked_case: string | null }>(
    'select revoked_at, revoked_case from device_tokens where user_id = $1',
    [user],
  );

const entriesAbout = async (user: string): Promise<string[]> =>
  (
    await world.query<{ action: string }>('select action from audit.entry where subject_id = $1', [
      user,
    ])
  )
    .map(({ action }) => action)
    .sort();

describe('a deactivation', () => {
  it('raises the generation, sets the hold, ends every token, and leaves case, entry and record, when it resolves', async () => {
    const { organization, connection, create, edit } = await scene();
    const { resource } = done(await create('ada'));
    const device = await world.device(organization);
    await world.token(organization, resource.user, device);
    await world.token(organization, resource.user, await world.device(organization));

    const outcome = done(await edit(resource, says('false')));

    expect(outcome.resource.active).toBe(false);
    expect(await world.generation('user', resource.user)).toBe(2);
    expect(await world.holds(resource.user)).toEqual([`scim:${connection}`]);
    for (const token of await tokensOf(resource.user))
      expect(token.revoked_case).toBe(outcome.case);
    const [row] = await world.query('select * from cases where id = $1', [outcome.case]);
    expect(row).toMatchObject({
      scope: 'user',
      subject_id: resource.user,
      tokens: 2,
      devices: 2,
      cause_kind: 'scim',
    });
    const entries = await world.query<{ action: string; bytes: Buffer }>(
      'select action, bytes from audit.entry where case_id = $1',
      [outcome.case],
    );
    expect(entries.map((entry) => entry.action)).toEqual(['user.deprovisioned']);
    const [record] = await world.query<{ value: Buffer }>(
      'select value from outbox join outbox_pending using (digest) where case_id = $1',
      [outcome.case],
    );
    expect(JSON.parse(record!.value.toString())).toMatchObject({
      scope: 'user',
      subject: resource.user,
      generation: 2,
      org: organization,
      case: outcome.case,
    });
    expect(world.publisher.offered.some((offered) => offered.case === outcome.case)).toBe(true);
    const ended = await world.query(
      'select 1 from assignments where user_id = $1 and ended_at is null',
      [resource.user],
    );
    expect(ended).toEqual([]);
  });

  it('leaves everybody else alone, also on a shared device', async () => {
    const { organization, create, edit } = await scene();
    const [ada, bob] = [done(await create('ada')).resource, done(await create('bob')).resource];
    const shared = await world.device(organization);
    await world.token(organization, ada.user, shared);
    await world.token(organization, bob.user, shared);
    await edit(ada, says('false'));
    expect((await tokensOf(bob.user)).map((token) => token.revoked_at)).toEqual([null]);
    expect(await world.generation('user', bob.user)).toBe(1);
    expect(await world.generation('device', shared)).toBe(1);
  });

  it('raises again when it is said again, and the resource stays as it was', async () => {
    const { create, edit } = await scene();
    const { resource } = done(await create('ada'));
    const first = done(await edit(resource, says('false')));
    const second = done(await edit(resource, says('false')));
    expect(second.changed).toBe(false);
    expect(second.resource.version).toBe(first.resource.version);
    expect(await world.generation('user', resource.user)).toBe(3);
  });

  it('happens although its request renames the person too', async () => {
    const { create, edit, connection } = await scene();
    const { resource } = done(await create('ada'));
    const outcome = done(await edit(resource, says('false', { userName: 'gone-ada' })));
    expect(outcome.resource).toMatchObject({ userName: 'gone-ada', active: false });
    expect(await world.holds(resource.user)).toEqual([`scim:${connection}`]);
    expect(await entriesAbout(resource.user)).toEqual([
      'user.changed',
      'user.created',
      'user.deprovisioned',
    ]);
  });

  it('is one entry when its request says nothing else that is new', async () => {
    const { create, edit } = await scene();
    const { resource } = done(await create('ada'));
    await edit(resource, says('false'));
    expect(await entriesAbout(resource.user)).toEqual(['user.created', 'user.deprovisioned']);
  });

  it('happens although the new name in its request is taken, and the resource stays', async () => {
    const { create, edit, connection } = await scene();
    const { resource } = done(await create('ada'));
    await create('bob');
    expect((await edit(resource, says('false', { userName: 'Bob' }))).kind).toBe('name_taken');
    expect(await world.holds(resource.user)).toEqual([`scim:${connection}`]);
    const [row] = await world.query('select user_name, active from resources where id = $1', [
      resource.id,
    ]);
    expect(row).toEqual({ user_name: 'ada', active: true });
  });

  it('happens although a sibling of it is wrong, and the refusal is the answer', async () => {
    const { create, edit, connection } = await scene();
    const { resource } = done(await create('ada'));
    const why = new Error('a sibling is wrong');
    expect(await edit(resource, () => ({ word: 'false', refused: why }))).toEqual({
      kind: 'refused',
      why,
    });
    expect(await world.generation('user', resource.user)).toBe(2);
    expect(await world.holds(resource.user)).toEqual([`scim:${connection}`]);
  });
});

describe('a creation under a name that is taken', () => {
  it.each(['case', 'same'] as const)('ends the access of whoever has it (%s)', async (how) => {
    const { create, connection } = await scene();
    const { resource } = done(await create('ada'));
    expect(await create(how === 'case' ? 'ADA' : 'ada', 'false')).toEqual({ kind: 'name_taken' });
    expect(await world.generation('user', resource.user)).toBe(2);
    expect(await world.holds(resource.user)).toEqual([`scim:${connection}`]);
    const rows = await world.query('select active, version from resources where user_id = $1', [
      resource.user,
    ]);
    expect(rows).toEqual([{ active: true, version: '1' }]);
  });

  it.each(['true', 'absent'] as const)('changes nothing when it says %s', async (word) => {
    const { create, edit, connection } = await scene();
    const { resource } = done(await create('ada'));
    await edit(resource, says('false'));
    expect(await create('ada', word)).toEqual({ kind: 'name_taken' });
    expect(await world.generation('user', resource.user)).toBe(2);
    expect(await world.holds(resource.user)).toEqual([`scim:${connection}`]);
  });

  it.each([
    ['unreadable', 1, 'unreadable'],
    ['false', 2, 'scim'],
  ] as const)('counts although it is wrong elsewhere: %s', async (word, generation, hold) => {
    const { create, refuse, connection } = await scene();
    const { resource } = done(await create('ada'));
    expect(await refuse('Ada', word)).toEqual({ kind: 'refused', why });
    expect(await world.generation('user', resource.user)).toBe(generation);
    expect(await world.holds(resource.user)).toEqual([`${hold}:${connection}`]);
  });

  it('speaks of nobody on another connection or in another organization, nor of a tombstone', async () => {
    const { create, organization, connection, remove } = await scene();
    const other = await world.connection(organization);
    const ada = done(await create('ada')).resource;
    const { refuse } = await scene();
    const bob = done(await create('bob')).resource;
    await remove(bob);
    const before = await world.generation('user', bob.user);
    for (const attempt of [
      () => refuse('ada', 'false'),
      () => refuseOn(organization, other, 'ada'),
      () => refuseOn(organization, connection, 'bob'),
      () => refuseOn(organization, connection, null),
    ])
      expect(await attempt()).toEqual({ kind: 'refused', why });
    expect(await world.generation('user', ada.user)).toBe(1);
    expect(await world.holds(ada.user)).toEqual([]);
    expect(await world.generation('user', bob.user)).toBe(before);
  });

  it('that races the removal of its owner ends in one of the two orders', async () => {
    const { create, remove } = await scene();
    const { resource } = done(await create('ada'));
    const [created] = await Promise.all([create('ada', 'false'), remove(resource)]);
    const holds = await world.holds(resource.user);
    expect(holds).toHaveLength(1);
    if (created.kind === 'done')
      expect(created.resource).toMatchObject({ user: resource.user, active: false });
    else expect(created.kind).toBe('name_taken');
  });
});

describe('an unreadable word', () => {
  it('holds the person without ending anything, until the next readable word', async () => {
    const { create, edit, connection } = await scene();
    const { resource } = done(await create('ada'));
    await edit(resource, () => ({ word: 'unreadable', refused: new Error('no boolean') }));
    expect(await world.generation('user', resource.user)).toBe(1);
    expect(await world.holds(resource.user)).toEqual([`unreadable:${connection}`]);
    const entries = await world.query(
      `select 1 from audit.entry where subject_id = $1 and action = 'user.held'`,
      [resource.user],
    );
    expect(entries).toHaveLength(1);
    await edit(resource, says('true'));
    expect(await world.holds(resource.user)).toEqual([]);
  });
});

describe('a return', () => {
  it('lifts only its own hold, and never lowers the generation', async () => {
    const { organization, create, edit } = await scene();
    const { resource } = done(await create('ada'));
    await edit(resource, says('false'));
    await world.heart.revokeSubject({
      organization,
      scope: 'user',
      id: resource.user,
      kind: 'admin',
      reason: 'laptop lost',
      hold: true,
      actor: { type: 'admin_key', id: newId() },
      requestId: newId(),
      receivedAt: new Date(),
    });
    const back = done(await edit(resource, says('true')));
    expect(back.resource.active).toBe(true);
    expect(await world.holds(resource.user)).toEqual(['admin']);
    expect(await world.generation('user', resource.user)).toBe(3);
  });

  it('that is older than the deactivation changes nothing', async () => {
    const { organization, connection, create } = await scene();
    const { resource } = done(await create('ada'));
    const [older, newer] = [originOf(organization, connection), originOf(organization, connection)];
    await world.heart.changeResource({
      kind: 'edit',
      origin: newer,
      resource: resource.id,
      edit: says('false'),
    });
    const late = done(
      await world.heart.changeResource({
        kind: 'edit',
        origin: older,
        resource: resource.id,
        edit: says('true'),
      }),
    );
    expect(late.resource.active).toBe(false);
    expect(await world.holds(resource.user)).toEqual([`scim:${connection}`]);
  });

  it('is not what an absent word means', async () => {
    const { create, edit, connection } = await scene();
    const { resource } = done(await create('ada'));
    await edit(resource, says('false'));
    const outcome = done(
      await edit(resource, (stored) => ({
        word: 'absent',
        next: { ...stored, active: true, userName: 'renamed' },
      })),
    );
    expect(outcome.resource.active).toBe(false);
    expect(await world.holds(resource.user)).toEqual([`scim:${connection}`]);
  });
});

describe('a removal', () => {
  it('leaves a tombstone whose name is free, and whose person stays gone until an explicit true', async () => {
    const { organization, connection, create } = await scene();
    const { resource } = done(await create('ada'));
    await world.heart.changeResource({
      kind: 'remove',
      origin: originOf(organization, connection),
      resource: resource.id,
    });
    const again = done(await create('ADA', 'absent'));
    expect(again.resource).toMatchObject({ user: resource.user, active: false });
    expect(again.resource.id).not.toBe(resource.id);
    expect(await world.holds(resource.user)).toEqual([`scim:${connection}`]);
    expect((await create('ada')).kind).toBe('name_taken');
  });
});

describe('two connections', () => {
  it('share the person of one name: who leaves one has left, and the other cannot lift it', async () => {
    const { organization, connection, create, edit } = await scene();
    const other = await world.connection(organization);
    const here = done(await create('ada')).resource;
    const there = done(await create('Ada', 'true', other)).resource;
    expect(there.user).toBe(here.user);
    expect(here.id).toBe(here.user);
    await edit(here, says('false'));
    await edit(there, says('true'), other);
    expect(await world.holds(here.user)).toEqual([`scim:${connection}`]);
  });
});

describe('a signal', () => {
  it('is applied once however often it comes', async () => {
    const { organization, create, signal } = await scene();
    const hook = await world.connection(organization, { kind: 'okta-event-hook' });
    const { resource } = done(await create('ada'));
    const given = {
      dedupeKey: 'uuid-1',
      subject: [{ kind: 'idp_user_id', value: 'ext-ada' }],
    } as const;
    const answers = await Promise.all(Array.from({ length: 8 }, () => signal(hook, given)));
    expect(new Set(answers.map((answer) => answer.case)).size).toBe(1);
    expect(answers.filter((answer) => !answer.repeated)).toHaveLength(1);
    expect(await world.generation('user', resource.user)).toBe(2);
    expect(await world.holds(resource.user)).toEqual([`signal:${hook}:deactivated`]);
  });

  it('ends in the same state in whatever order a deactivation and a newer return arrive', async () => {
    for (const order of [
      [0, 1],
      [1, 0],
    ]) {
      const { organization, create, signal } = await scene();
      const hook = await world.connection(organization, { kind: 'okta-event-hook' });
      const { resource } = done(await create('ada'));
      const subject = [{ kind: 'external_id', value: 'ext-ada' }] as const;
      const signals = [
        { effect: 'hold', occurredAt: new Date('2026-11-23T08:00:00Z'), subject },
        { effect: 'lift', occurredAt: new Date('2026-11-23T08:00:01Z'), subject },
      ] as const;
      for (const which of order) await signal(hook, signals[which]!);
      expect(await world.holds(resource.user)).toEqual([]);
      expect(await world.generation('user', resource.user)).toBe(2);
    }
  });

  it('about somebody unknown opens a case, and applies when the person appears', async () => {
    const { organization, create, signal } = await scene();
    const hook = await world.connection(organization, { kind: 'okta-event-hook' });
    const outcome = await signal(hook, { subject: [{ kind: 'user_name', value: 'ada' }] });
    expect(outcome).toMatchObject({ kind: 'unknown_person', case: expect.any(String) });
    const { resource } = done(await create('Ada'));
    expect(await world.holds(resource.user)).toEqual([`signal:${hook}:deactivated`]);
    const [row] = await world.query('select user_id, generation from cases where id = $1', [
      outcome.case,
    ]);
    expect(row).toEqual({ user_id: resource.user, generation: '2' });
    const [inbox] = await world.query('select outcome from signal_inbox where id = $1', [
      outcome.signal,
    ]);
    expect(inbox).toEqual({ outcome: 'applied' });
    expect(
      await world.query('select 1 from outbox where case_id = $1', [outcome.case]),
    ).toHaveLength(1);
  });

  it.each([['revoke', 'hold'] as const, ['hold', 'revoke'] as const])(
    'that waited behind another one takes the devices all the same: %s, then %s',
    async (...effects) => {
      const { organization, create, edit, signal } = await scene();
      const hook = await world.connection(organization, { kind: 'okta-event-hook' });
      const { resource } = done(await create('ada'));
      await world.token(organization, resource.user, await world.device(organization));
      for (const [second, effect] of effects.entries())
        await signal(hook, {
          effect,
          occurredAt: new Date(`2026-11-23T08:00:0${second}Z`),
          subject: [{ kind: 'user_name', value: 'ada.king' }],
        });

      await edit(resource, says('true', { userName: 'ada.king' }));

      expect(await world.holds(resource.user)).toEqual([`signal:${hook}:deactivated`]);
      expect(
        await world.query('select 1 from assignments where user_id = $1 and ended_at is null', [
          resource.user,
        ]),
      ).toEqual([]);
    },
  );

  it('that races the creation of its person is applied, whoever comes first', async () => {
    for (let round = 0; round < 25; round += 1) {
      const { organization, create, signal } = await scene();
      const hook = await world.connection(organization, { kind: 'okta-event-hook' });
      const [created] = await Promise.all([
        create('ada'),
        signal(hook, { subject: [{ kind: 'email', value: 'ada@example.com' }] }),
      ]);
      expect(await world.holds(done(created).resource.user)).toEqual([
        `signal:${hook}:deactivated`,
      ]);
    }
  });

  it('that may mean two people revokes neither', async () => {
    const { organization, connection, signal } = await scene();
    const hook = await world.connection(organization, { kind: 'okta-event-hook' });
    const people = await Promise.all(
      ['ada', 'bob'].map((userName) =>
        world.heart.changeResource({
          kind: 'create',
          origin: originOf(organization, connection),
          word: 'true',
          image: {
            userName,
            externalId: null,
            emails: ['team@example.com'],
            active: true,
            attributes: {},
          },
        }),
      ),
    );
    const outcome = await signal(hook, { subject: [{ kind: 'email', value: 'team@example.com' }] });
    expect(outcome.kind).toBe('ambiguous_person');
    for (const person of people)
      expect(await world.generation('user', done(person).resource.user)).toBe(1);
  });
});

describe('an operator', () => {
  it.each(['device', 'family', 'org'] as const)('ends everything under one %s', async (scope) => {
    const { organization, create } = await scene();
    const { resource } = done(await create('ada'));
    const device = await world.device(organization);
    const family = await world.token(organization, resource.user, device);
    const id = { device, family, org: organization }[scope];
    const found = await world.heart.revokeSubject({
      organization,
      scope,
      id,
      kind: 'admin',
      reason: 'lost',
      hold: false,
      actor: { type: 'admin_key', id: newId() },
      requestId: newId(),
      receivedAt: new Date(),
    });
    expect(found).not.toBeNull();
    expect(await world.generation(scope, id)).toBe(2);
    expect((await tokensOf(resource.user)).map((token) => token.revoked_case)).toEqual([found]);
  });

  it('ends what many people hold as what one of them holds, all of it or nothing', async () => {
    const { organization, create } = await scene();
    const names = ['ada', 'bob', 'cleo'];
    const people: UserId[] = [];
    for (const name of names) {
      const { resource } = done(await create(name));
      await world.token(organization, resource.user, await world.device(organization));
      people.push(resource.user);
    }
    const [single, ...many] = people as [UserId, ...UserId[]];
    const stranger = done(await (await scene()).create('dan')).resource.user;
    const order = {
      organization,
      kind: 'admin',
      reason: 'not on the roster',
      hold: true,
      actor: { type: 'admin_key', id: newId() },
      requestId: newId(),
      receivedAt: new Date(),
    } as const;
    const all = { ...order, people: [...many, stranger].reverse() };
    const broken = new Error('on purpose');
    await expect(world.heart.revokePeople(all, () => Promise.reject(broken))).rejects.toBe(broken);
    for (const user of many) expect(await world.generation('user', user)).toBe(1);

    const made = await world.heart.revokePeople(all, () => Promise.resolve());
    expect([...made.keys()].sort()).toEqual([...many].sort());
    await world.heart.revokeSubject({ ...order, scope: 'user', id: single });
    expect(await world.generation('user', stranger)).toBe(1);
    const state = async (user: UserId) => {
      const [ended] = await tokensOf(user);
      const cases = await world.query(
        `select id, scope, generation, cause_kind, cause_reason, devices, tokens,
                (select count(*)::int from outbox o where o.case_id = c.id) as records,
                (select array_agg(e.action) from audit.entry e where e.case_id = c.id) as actions
           from cases c where user_id = $1`,
        [user],
      );
      expect(cases.map(({ id }) => id)).toEqual([ended?.revoked_case]);
      const assigned = await world.query(
        'select 1 from assignments where user_id = $1 and ended_at is null',
        [user],
      );
      return {
        case: { ...cases[0], id: null },
        generation: await world.generation('user', user),
        holds: await world.holds(user),
        assigned: assigned.length,
      };
    };
    const one = await state(single);
    expect(one).toMatchObject({
      case: { records: 1, tokens: 1, devices: 1, actions: ['revocation.requested'] },
      generation: 2,
      holds: ['admin'],
      assigned: 1,
    });
    for (const user of many) expect(await state(user)).toEqual(one);
  });

  it('of an access group sees many people as it sees each of them', async () => {
    const { organization, connection, create } = await scene();
    const other = await world.connection(organization);
    const people: string[] = [newId()];
    for (const [name, word, on] of [
      ['ada', 'true', connection],
      ['bob', 'false', connection],
      ['cleo', 'true', other],
    ] as const)
      people.push(done(await create(name, word, on)).resource.user);
    const [, ada, bob, cleo] = people as [string, UserId, UserId, UserId];
    await world.token(organization, ada, await world.device(organization));
    const groupOf = async (on: ConnectionId, members: readonly string[]) => {
      const origin = originOf(organization, on);
      const image = { displayName: 'Staff', externalId: null };
      const made = await world.heart.changeGroup({ kind: 'create', origin, image, members });
      if (made.kind !== 'done') throw new Error(made.kind);
      await world.query(
        'insert into access_groups (organization_id, connection_id, group_id, added_at) values ($1, $2, $3, now())',
        [organization, on, made.group.id],
      );
    };
    await groupOf(connection, [ada]);
    await groupOf(other, [cleo]);
    const [seen] = await world.query<{ many: { placed: boolean; here: boolean }[]; each: object }>(
      `select people_state($1::uuid, $2::uuid, $3::uuid[]) as many,
              (select jsonb_agg(access_place($1, $2, u.id) || jsonb_build_object('person', person_state($1, u.id)) order by u.n)
                 from unnest($3) with ordinality as u (id, n)) as each`,
      [organization, connection, [...people, bob]],
    );
    expect(seen?.many).toEqual(seen?.each);
    expect(seen?.many.map(({ placed, here }) => [placed, here])).toEqual([
      [false, false],
      [true, true],
      [false, false],
      [true, false],
      [false, false],
    ]);
  });

  it('finds nothing of another organization', async () => {
    const [mine, theirs] = [await scene(), await scene()];
    const { resource } = done(await theirs.create('ada'));
    const found = await world.heart.revokeSubject({
      organization: mine.organization,
      scope: 'user',
      id: resource.user,
      kind: 'admin',
      reason: 'x',
      hold: false,
      actor: { type: 'admin_key', id: newId() },
      requestId: newId(),
      receivedAt: new Date(),
    });
    expect(found).toBeNull();
    expect(await world.generation('user', resource.user)).toBe(1);
  });
});

/** PostgreSQL stops it, as it stops a write of more rows than fit into the time. */
async function takeTooLong(tx: Tx): Promise<void> {
  await rows(tx, sql('test.shorten', "select set_config('statement_timeout', '50ms', true)"));
  await rows(tx, sql('test.sleep', 'select pg_sleep(60)'));
}

/** Breaks the next transaction, and then no more. */
class BreakingOnce extends Transactions {
  breaks: 'itself' | 'too long' | 'before commit' | 'after commit' | null = null;

  override async run<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    const breaks = this.breaks;
    this.breaks = null;
    const done = await world.transactions.run(lane, async (tx) => {
      const result = await work(tx);
      if (breaks === 'itself') throw new TypeError('something about one of them');
      if (breaks === 'too long') await takeTooLong(tx);
      if (breaks === 'before commit') throw new DomainError('store.unavailable');
      return result;
    });
    if (breaks === 'after commit') throw new DomainError('store.unavailable');
    return done;
  }

  override read<T>(lane: Lane, work: (tx: Tx) => Promise<T>): Promise<T> {
    return world.transactions.read(lane, work);
  }
}

describe('people who leave at the same moment', () => {
  const party = async (count: number) => {
    const at = await scene();
    const names = Array.from({ length: count }, (_, i) => `leaver-${i}`);
    const people = await Promise.all(
      names.map(async (name) => done(await at.create(name)).resource),
    );
    return { ...at, people };
  };
  const leave = (at: Awaited<ReturnType<typeof party>>, heart: Heart = world.heart) =>
    at.people.map(({ id }) =>
      heart.changeResource({
        kind: 'edit',
        origin: originOf(at.organization, at.connection),
        resource: id,
        edit: says('false'),
      }),
    );
  const casesOf = (people: readonly StoredResource[]) =>
    world.query<{ user_id: string; id: string; xmin: string }>(
      'select user_id, id, xmin::text from cases where user_id = any ($1::uuid[])',
      [people.map(({ user }) => user)],
    );
  /** A heart of its own whose transactions can be broken. */
  const breakable = () => {
    const transactions = new BreakingOnce();
    const press = { hash: sha256, partitions: 3, epoch: 1 };
    const publisher = new RememberingPublisher();
    const failures: string[] = [];
    const heart = new Heart({
      atOnce: 8,
      transactions,
      publisher,
      press,
      clock: systemClock,
      setFailed: (why, { people }) => failures.push(`${people} ${why}`),
    });
    return { transactions, publisher, heart, failures };
  };

  it('share a transaction, and each has an answer, a case, a record, an entry and an event of their own', async () => {
    const at = await party(10);
    const tokens = await Promise.all(
      at.people.map(async ({ user }) =>
        world.token(at.organization, user, await world.device(at.organization)),
      ),
    );
    world.publisher.offered.length = 0;
    const outcomes = (await Promise.all(leave(at))).map(done);
    const cases = await casesOf(at.people);
    expect(new Set(cases.map(({ xmin }) => xmin)).size).toBe(1);
    const byUser = new Map(cases.map(({ user_id, id }) => [user_id, id]));
    expect(outcomes.map((one) => one.case)).toEqual(at.people.map(({ user }) => byUser.get(user)));
    expect(
      outcomes.map(({ resource }) => [resource.id, resource.active, resource.version]),
    ).toEqual(at.people.map(({ id }) => [id, false, 2]));
    expect(new Set(world.publisher.offered.map((record) => record.case))).toEqual(
      new Set(byUser.values()),
    );
    for (const { user } of at.people) {
      expect(await world.generation('user', user)).toBe(2);
      expect(await world.holds(user)).toEqual([`scim:${at.connection}`]);
      expect(await entriesAbout(user)).toEqual(['user.created', 'user.deprovisioned']);
      expect(await tokensOf(user)).toEqual([
        { revoked_at: expect.any(Date), revoked_case: byUser.get(user) },
      ]);
    }
    expect(tokens).toHaveLength(10);
    const events = await world.query<{ subject_id: string; txn: string }>(
      `select subject_id, txn from events_pending
        where organization_id = $1 and type like '%:patch:notice'`,
      [at.organization],
    );
    expect(new Set(events.map(({ subject_id }) => subject_id))).toEqual(
      new Set(at.people.map(({ user }) => user)),
    );
    expect(new Set(events.map(({ txn }) => txn)).size).toBe(10);
  });

  it('hear of what is wrong with them, and of nothing else', async () => {
    const at = await party(4);
    const [good, refused, renamed, throwing] = at.people;
    const outcomes = await Promise.allSettled([
      at.edit(good!, says('false')),
      at.edit({ ...good!, id: newId() }, says('false')),
      at.edit(refused!, () => ({ word: 'false', refused: why })),
      at.edit(renamed!, says('false', { userName: good!.userName })),
      at.edit(throwing!, () => {
        throw why;
      }),
    ]);
    expect(outcomes).toMatchObject([
      { value: { kind: 'done', changed: true } },
      { value: { kind: 'unknown' } },
      { value: { kind: 'refused', why } },
      { value: { kind: 'name_taken' } },
      { status: 'rejected', reason: why },
    ]);
    // Whoever was refused has left all the same (P9).
    for (const { user } of [good!, refused!, renamed!])
      expect(await world.holds(user)).toEqual([`scim:${at.connection}`]);
    expect(await world.holds(throwing!.user)).toEqual([]);
  });

  it('leave once, whatever is said of them at the same moment', async () => {
    const at = await party(1);
    const [person] = at.people;
    const said = await Promise.all([
      at.edit(person!, says('false')),
      at.edit(person!, says('false', { attributes: { userName: 'leaver-0', title: 'gone' } })),
      at.edit(person!, says('false')),
      at.remove(person!),
    ]);
    expect(said.map(({ kind }) => kind)).toContain('removed');
    const generation = await world.generation('user', person!.user);
    expect(await casesOf(at.people)).toHaveLength(generation - 1);
    expect(await world.holds(person!.user)).toEqual([`scim:${at.connection}`]);
  });

  it('do not wait for somebody whom another transaction has locked', async () => {
    const at = await party(3);
    const [blocked] = at.people;
    const other = await world.outside.connect();
    try {
      await other.query('begin');
      await other.query(`select lock_shared($1, 'user', $2)`, [at.organization, blocked!.user]);
      const [late, ...others] = leave(at);
      expect((await Promise.all(others)).map(({ kind }) => kind)).toEqual(['done', 'done']);
      expect(await world.generation('user', blocked!.user)).toBe(1);
      await other.query('commit');
      expect(await late).toMatchObject({ kind: 'done', changed: true });
      expect(await world.generation('user', blocked!.user)).toBe(2);
    } finally {
      other.release(true);
    }
  });

  it.each([
    ['for what one of them is', 'itself', 'unexpected'],
    ['because PostgreSQL stops what takes too long', 'too long', 'stopped'],
  ] as const)(
    'go one by one, and it is told, when it fails together %s',
    async (_, breaks, why) => {
      const at = await party(3);
      const { transactions, publisher, heart, failures } = breakable();
      transactions.breaks = breaks;
      const outcomes = (await Promise.all(leave(at, heart))).map(done);
      expect(new Set((await casesOf(at.people)).map(({ xmin }) => xmin)).size).toBe(3);
      expect(publisher.offered.map((record) => record.case).sort()).toEqual(
        outcomes.map((one) => one.case).sort(),
      );
      expect(failures).toEqual([`3 ${why}`]);
    },
  );

  it.each([
    ['before', 1],
    ['after', 2],
  ] as const)(
    'all hear 503 when the store fails them %s their commit, and the next try ends well',
    async (moment, generation) => {
      const at = await party(3);
      const { transactions, publisher, heart } = breakable();
      transactions.breaks = `${moment} commit`;
      const tried = await Promise.allSettled(leave(at, heart));
      expect(tried).toMatchObject(
        at.people.map(() => ({ status: 'rejected', reason: { code: 'store.unavailable' } })),
      );
      for (const { user } of at.people)
        expect(await world.generation('user', user)).toBe(generation);
      // What a lost reply has committed is the sweeper's.
      expect(publisher.offered).toEqual([]);
      const again = (await Promise.all(leave(at, heart))).map(done);
      expect(again.map(({ resource }) => resource.active)).toEqual([false, false, false]);
      for (const { user } of at.people) {
        // Who is gone already is gone once more: a deprovision always raises.
        expect(await world.generation('user', user)).toBe(generation + 1);
        expect(await world.holds(user)).toEqual([`scim:${at.connection}`]);
      }
      expect(await casesOf(at.people)).toHaveLength(at.people.length * generation);
    },
  );
});

it('each case that revoked something is told exactly once, under its own id, whatever its door', async () => {
  const operators = ['user', 'device', 'family', 'org'].map((scope) => `admin ${scope}`);
  expect(await casesMet(world)).toEqual(new Set(['scim user', 'signal user', ...operators]));
  expect(await toldOtherwise(world)).toEqual([]);
});
