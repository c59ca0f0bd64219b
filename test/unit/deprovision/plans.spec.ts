// P1, P2, P4, P9: whatever is said of a person, in whatever order: access only ends, until its own cause gives it back.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ACCESS_EVENTS } from '../../../src/contract/access-event.js';
import { SCIM_EVENTS } from '../../../src/contract/security-event.js';
import { leastRaised } from '../../../src/contract/generation.js';
import type {
  ActiveWord,
  ResourceImage,
  SignalEffect,
  StoredResource,
} from '../../../src/deprovision/domain/change.js';
import { eventsOfChange } from '../../../src/deprovision/domain/access-events.js';
import { keepAccess, type AccessPlan } from '../../../src/deprovision/domain/access.js';
import {
  groupHold,
  newPerson,
  scimHold,
  signalHold,
  unreadableHold,
  type Person,
} from '../../../src/deprovision/domain/person.js';
import { planCreation } from '../../../src/deprovision/domain/plan-create.js';
import {
  planEdit,
  planRefusedEdit,
  planRemoval,
  planWord,
} from '../../../src/deprovision/domain/plan-edit.js';
import {
  planArrival,
  planMembership,
  planOutsider,
} from '../../../src/deprovision/domain/plan-membership.js';
import { planKnown } from '../../../src/deprovision/domain/waiting-signals.js';
import {
  newId,
  type ConnectionId,
  type ResourceId,
  type SignalId,
  type UserId,
} from '../../../src/kernel/ids.js';
import { around, minute } from '../../support/circumstances.js';

const HERE = newId<ConnectionId>();
const ELSEWHERE = newId<ConnectionId>();
const CONNECTIONS = [HERE, ELSEWHERE] as const;
const WORDS: readonly ActiveWord[] = ['true', 'false', 'absent', 'unreadable'];

/** A person to whom something was issued. */
const somebody = (): Person => ({ ...newPerson(newId<UserId>()), tokens: 3, devices: 2 });

/** One raise, one case, one record, and an entry that both name; or nothing of the kind. */
function expectWholeRaise(before: Person, plan: AccessPlan): void {
  const raises = plan.person.generation === before.generation ? 0 : 1;
  expect(plan.person.generation).toBe(before.generation + raises);
  expect(plan.cases).toHaveLength(raises);
  expect(plan.records).toHaveLength(raises);
  expect(plan.tokensEnd === null).toBe(raises === 0);
  const [made] = plan.cases;
  const [record] = plan.records;
  if (made === undefined || record === undefined) return;
  expect(record).toMatchObject({
    subject: before.user,
    generation: plan.person.generation,
    case: made.id,
  });
  expect(made).toMatchObject({
    user: before.user,
    generation: plan.person.generation,
    tokens: before.tokens,
    devices: before.devices,
  });
  expect(plan.tokensEnd).toMatchObject({ user: before.user, case: made.id });
  expect(plan.entries.map(({ id }) => id)).toContain(record.entry);
  expect(plan.person).toMatchObject({ tokens: 0, devices: 0 });
}

const holdsBut = (person: Person, names: readonly string[]) =>
  Object.entries(person.holds).filter(([name]) => !names.includes(name));

const said = fc.record({
  connection: fc.constantFrom(...CONNECTIONS),
  word: fc.constantFrom(...WORDS),
  at: fc.nat(30),
});

describe('what a connection says of active', () => {
  it('ends access wholly, and gives it back only by a newer true of the connection that took it', () => {
    fc.assert(
      fc.property(fc.array(said, { maxLength: 30 }), (all) => {
        let person = somebody();
        for (const { connection, word, at } of all) {
          const plan = planWord(around(connection, at), person, word);
          const own = [scimHold(connection), unreadableHold(connection)];
          const eventAt = minute(at).toISOString();
          expectWholeRaise(person, plan);
          expect(plan.person.generation > person.generation).toBe(word === 'false');
          // Whatever is said here, what others took stays taken.
          expect(holdsBut(plan.person, own)).toEqual(holdsBut(person, own));
          if (word === 'absent') expect(plan.person).toBe(person);
          if (word === 'false') expect(plan.person.holds).toHaveProperty([own[0]!]);
          if (word === 'unreadable') expect(plan.person.holds).toHaveProperty([own[1]!]);
          if (word === 'true')
            for (const name of own) {
              const standing = person.holds[name];
              const stays = standing !== undefined && standing.event_at >= eventAt;
              expect(name in plan.person.holds).toBe(stays);
            }
          person = plan.person;
        }
      }),
    );
  });

  it('raises past every generation that a lost database may have given out', () => {
    const plan = planWord(around(HERE, 1, 3), somebody(), 'false');
    expect(plan.person.generation).toBe(leastRaised(3));
  });
});

describe('signals of one class', () => {
  const effect = fc.constantFrom<SignalEffect>('hold', 'lift');

  it('leave a person held or free by the newest of them, in whatever order they arrive', () => {
    const signals = fc
      .uniqueArray(fc.nat(50), { minLength: 1, maxLength: 8 })
      .chain((times) =>
        fc.tuple(
          fc.constant(times),
          fc.array(effect, { minLength: times.length, maxLength: times.length }),
        ),
      );
    fc.assert(
      fc.property(signals, ([times, effects]) => {
        let person = somebody();
        const name = signalHold(HERE, 'lifecycle');
        for (const [i, time] of times.entries()) {
          const plan = planKnown(around(HERE, 60 + i), person, {
            id: newId<SignalId>(),
            connection: HERE,
            effect: effects[i]!,
            class: 'lifecycle',
            occurredAt: minute(time).toISOString(),
          });
          expectWholeRaise(person, plan);
          // Late or not: whoever says that somebody is gone ends what was issued.
          expect(plan.person.generation > person.generation).toBe(effects[i] === 'hold');
          person = plan.person;
        }
        const newest = times.indexOf(Math.max(...times));
        expect(name in person.holds).toBe(effects[newest] === 'hold');
      }),
    );
  });

  it('that only revoke hold nobody', () => {
    const plan = planKnown(around(HERE, 2), somebody(), {
      id: newId<SignalId>(),
      connection: HERE,
      effect: 'revoke',
      class: 'sessions',
      occurredAt: minute(1).toISOString(),
    });
    expect(plan.records).toHaveLength(1);
    expect(plan.person.holds).toEqual({});
    expect(plan.tokensEnd).toMatchObject({ left: false });
  });
});

const image = (more: Partial<ResourceImage> = {}): ResourceImage => ({
  userName: 'ada@example.com',
  externalId: null,
  emails: [],
  active: true,
  attributes: {},
  ...more,
});

const stored = (person: Person, more: Partial<StoredResource> = {}): StoredResource => ({
  ...image(),
  id: newId<ResourceId>(),
  user: person.user,
  version: 4,
  createdAt: minute(0),
  changedAt: minute(0),
  ...more,
});

describe('an edit', () => {
  const edit = (person: Person, resource: StoredResource, word: ActiveWord, next: ResourceImage) =>
    planEdit(
      around(HERE, 20),
      { at: minute(20), person, resource },
      {
        word,
        next,
        waiting: [],
      },
    );

  it('that changes nothing writes nothing', () => {
    const person = somebody();
    const resource = stored(person, {
      attributes: { name: { givenName: 'Ada', familyName: 'L' } },
    });
    const next = image({ attributes: { name: { familyName: 'L', givenName: 'Ada' } } });
    const { plan, outcome } = edit(person, resource, 'absent', next);
    expect(plan).toMatchObject({ person: null, resource: null, entries: [], records: [] });
    expect(outcome).toMatchObject({ kind: 'done', changed: false, resource: { version: 4 } });
  });

  it('that renames and deactivates ends the access of the person who is stored', () => {
    const person = somebody();
    const next = image({ userName: 'zoe@example.com', active: false });
    const { plan } = edit(person, stored(person), 'false', next);
    expect(plan.records).toMatchObject([{ subject: person.user }]);
    expect(plan.resource).toMatchObject({
      resource: { userName: 'zoe@example.com', active: false },
    });
    expect(plan.identitiesAdded).toEqual([{ kind: 'user_name', value: 'zoe@example.com' }]);
    expect(plan.identitiesEnded).toEqual([{ kind: 'user_name', value: 'ada@example.com' }]);
    expect(plan.entries.map(({ action }) => action)).toEqual([
      'user.deprovisioned',
      'user.changed',
    ]);
  });

  it('that says nothing of active leaves a leaver gone, whatever the image holds', () => {
    const gone = planWord(around(HERE, 10), somebody(), 'false').person;
    const resource = stored(gone, { active: false });
    const { plan } = edit(gone, resource, 'absent', image({ active: true, externalId: 'x' }));
    expect(plan.resource).toMatchObject({ resource: { active: false, externalId: 'x' } });
    expect(plan.person).toBeNull();
  });

  it('whose true is older than the leave shows the person as inactive still', () => {
    const gone = planWord(around(HERE, 25), somebody(), 'false').person;
    const { plan, outcome } = edit(gone, stored(gone, { active: false }), 'true', image());
    expect(plan.person).toBeNull();
    expect(outcome).toMatchObject({ changed: false, resource: { active: false } });
  });

  it('that is refused means its false and its unreadable word, and nothing else', () => {
    for (const word of WORDS) {
      const person = planWord(around(HERE, 1), somebody(), 'false').person;
      const why = new Error('the name is taken');
      const { plan, outcome } = planRefusedEdit(
        around(HERE, 20),
        { person },
        { word, refused: why },
      );
      expect(outcome).toEqual({ kind: 'refused', why });
      expect(plan.resource).toBeNull();
      expect(plan.records).toHaveLength(word === 'false' ? 1 : 0);
      const names = plan.person === null ? [] : Object.keys(plan.person.holds);
      expect(names.includes(unreadableHold(HERE))).toBe(word === 'unreadable');
      if (word === 'true' || word === 'absent') expect(plan.person).toBeNull();
    }
  });
});

describe('what others are told of a change', () => {
  const URN = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
  const before = {
    userName: 'ada@example.com',
    title: 'Dr',
    [URN]: { department: 'a', division: 'b' },
  };
  const told = (word: ActiveWord, next: ResourceImage, verb?: 'put' | 'patch') => {
    const person = somebody();
    const resource = stored(person, { attributes: before });
    const { plan } = planEdit(
      around(HERE, 20),
      { at: minute(20), person, resource },
      { word, next, waiting: [], ...(verb !== undefined && { verb }) },
    );
    expect(plan.events.map(({ subject }) => subject)).toEqual(plan.events.map(() => person.user));
    return plan.events.map(({ type, events }) => ({ type, events }));
  };

  it('names what was added, changed and removed, an extension’s by their whole names, and holds no value', () => {
    const attributes = {
      userName: 'ada@example.com',
      nickName: 'A',
      [URN]: { department: 'c', division: 'b' },
    };
    expect(told('absent', image({ attributes }), 'put')).toEqual([
      {
        type: SCIM_EVENTS.put,
        events: {
          [SCIM_EVENTS.put]: {
            attributes: ['title', `${URN}:department`, 'nickName'],
            version: 'W/"5"',
          },
        },
      },
    ]);
  });

  it.each([
    ['false', false, SCIM_EVENTS.deactivate],
    ['true', true, SCIM_EVENTS.activate],
  ] as const)('says of %s that it took effect', (word, active, event) => {
    const person = somebody();
    const resource = stored(person, { active: !active });
    const { plan } = planEdit(
      around(HERE, 20),
      { at: minute(20), person, resource },
      { word, next: image({ active }), waiting: [] },
    );
    expect(plan.events).toMatchObject([
      {
        type: SCIM_EVENTS.patch,
        events: { [SCIM_EVENTS.patch]: { attributes: ['active'] }, [event]: {} },
        identifier: null,
      },
    ]);
    if (word === 'false') expect(plan.events[0]?.id).toBe(plan.cases[0]?.id);
  });

  it('says of a true that came too late for the hold that the resource is inactive, under an id of its own', () => {
    const refused = planRefusedEdit(
      around(HERE, 25),
      { person: somebody() },
      { word: 'false', refused: new Error('no') },
    ).plan;
    const person = refused.person!;
    const resource = stored(person);
    const { plan } = planEdit(
      around(HERE, 20),
      { at: minute(20), person, resource },
      { word: 'true', next: image(), waiting: [] },
    );
    expect(plan.events.map(({ events }) => Object.keys(events))).toEqual([
      [SCIM_EVENTS.patch, SCIM_EVENTS.deactivate],
    ]);
    expect(plan.cases).toEqual([]);
    expect(refused.events[0]?.id).toBe(refused.cases[0]?.id);
    expect(plan.events[0]?.id).not.toBe(refused.cases[0]?.id);
  });

  it('is nothing when nothing changes', () => {
    expect(told('true', image({ attributes: before }))).toEqual([]);
  });

  it.each([
    [
      'was refused',
      (person: Person) =>
        planRefusedEdit(around(HERE, 20), { person }, { word: 'false', refused: new Error('no') }),
    ],
    [
      'changed no resource',
      (person: Person) => {
        const resource = stored(person, { active: false });
        const said = { word: 'false', next: resource, waiting: [] } as const;
        return planEdit(around(HERE, 20), { at: minute(20), person, resource }, said);
      },
    ],
  ])(
    'is the case of a deactivation that %s, under its own id, and that the person gets nothing new',
    (_, made) => {
      const person = somebody();
      const { plan } = made(person);
      expect(plan.events).toEqual([
        {
          id: plan.cases[0]?.id,
          subject: person.user,
          resource: `user/${person.user}`,
          identifier: { format: 'opaque', id: person.user },
          type: ACCESS_EVENTS.sessionRevoked,
          events: {
            [ACCESS_EVENTS.sessionRevoked]: {
              event_timestamp: minute(20).getTime() / 1000,
              initiating_entity: 'system',
              reason_admin: { en: expect.stringContaining('SCIM') },
            },
            [ACCESS_EVENTS.accountDisabled]: {},
          },
        },
      ]);
    },
  );

  it.each([
    ['whom nothing holds', false, [ACCESS_EVENTS.sessionRevoked]],
    ['who is held', true, [ACCESS_EVENTS.sessionRevoked, ACCESS_EVENTS.accountDisabled]],
  ])('is of a person %s, when only what they have is revoked, exactly that', (_, isHeld, is) => {
    const hold = {
      set_at: minute(1).toISOString(),
      event_at: minute(1).toISOString(),
      case: null,
    };
    const before = { ...somebody(), holds: isHeld ? { admin: hold } : {} };
    const access = planKnown(around(HERE, 20), before, {
      id: newId<SignalId>(),
      connection: HERE,
      effect: 'revoke',
      class: 'sessions',
      occurredAt: minute(19).toISOString(),
    });
    const told = eventsOfChange(around(HERE, 20), { before, access });
    expect(told.map(({ id, events }) => [id, Object.keys(events)])).toEqual([
      [access.cases[0]?.id, is],
    ]);
  });

  it('is that a hold without a case keeps somebody out, and that the last hold is gone, each once', () => {
    const refusal = (person: Person, word: 'unreadable' | 'true', at: number) => {
      const access = planWord(around(HERE, at), person, word);
      return { access, told: eventsOfChange(around(HERE, at), { before: person, access }) };
    };
    const first = refusal(somebody(), 'unreadable', 20);
    const again = refusal(first.access.person, 'unreadable', 21);
    const back = refusal(again.access.person, 'true', 22);
    const once = refusal(back.access.person, 'true', 23);
    expect([first, again, back, once].map((each) => each.told.map(({ type }) => type))).toEqual([
      [ACCESS_EVENTS.accountDisabled],
      [],
      [ACCESS_EVENTS.accountEnabled],
      [],
    ]);
  });
});

describe('a removal', () => {
  it('ends access and frees every name', () => {
    const person = somebody();
    const resource = stored(person, { externalId: 'e-1', emails: ['ada@example.com'] });
    const { plan } = planRemoval(around(HERE, 20), { at: minute(20), person, resource });
    expect(plan.person?.holds).toHaveProperty([scimHold(HERE)]);
    expect(plan.resource).toEqual({ kind: 'tombstone', resource: resource.id });
    expect(plan.identitiesEnded).toHaveLength(4);
    expect(plan.records).toHaveLength(1);
  });
});

describe('a creation', () => {
  const create = (person: Person | null, word: ActiveWord, active = true) =>
    planCreation(
      around(HERE, 20),
      { person, waiting: [], foreign: [] },
      { kind: 'create', origin: around(HERE, 20).origin, word, image: image({ active }) },
    );

  it('of somebody new and inactive holds them, and revokes nothing that was never issued', () => {
    const { plan } = create(null, 'false', false);
    expect(plan.person?.holds).toHaveProperty([scimHold(HERE)]);
    expect(plan.records).toEqual([]);
    expect(plan.newUser).toBe(plan.person?.user);
  });

  it.each([
    ['inactive', 'false', null],
    ['without a place in a group that access comes from', 'true', { placed: false, here: false }],
  ] as const)('of somebody new and %s tells that they get nothing', (_, word, access) => {
    const { plan } = planCreation(
      around(HERE, 20),
      { person: null, waiting: [], foreign: [], access },
      {
        kind: 'create',
        origin: around(HERE, 20).origin,
        word,
        image: image({ active: word === 'true' }),
      },
    );
    expect(plan.events.map(({ type }) => type)).toEqual([
      SCIM_EVENTS.create,
      ACCESS_EVENTS.accountDisabled,
    ]);
    expect(create(null, 'true').plan.events.map(({ type }) => type)).toEqual([SCIM_EVENTS.create]);
  });

  it('without a word brings nobody back whom this connection has let go', () => {
    const gone = planWord(around(HERE, 10), somebody(), 'false').person;
    expect(create(gone, 'absent').outcome).toMatchObject({ resource: { active: false } });
    expect(create(gone, 'true').outcome).toMatchObject({ resource: { active: true } });
  });

  it('of somebody whom another connection let go lifts nothing of it', () => {
    const gone = planWord(around(ELSEWHERE, 10), somebody(), 'false').person;
    const { plan } = create(gone, 'true');
    expect(plan.person ?? gone).toMatchObject({ holds: gone.holds });
  });
});

describe('a change of a group that access comes from', () => {
  const places = fc.constantFrom(
    { placed: false, here: false },
    { placed: true, here: false },
    { placed: true, here: true },
  );
  const holds = fc.subarray([
    groupHold(HERE),
    groupHold(ELSEWHERE),
    scimHold(HERE),
    unreadableHold(HERE),
    'admin',
  ]);
  const heldBy = (names: readonly string[], at: number): Person => {
    const time = minute(at).toISOString();
    const hold = { set_at: time, event_at: time, case: null };
    return { ...somebody(), holds: Object.fromEntries(names.map((name) => [name, hold])) };
  };

  it('ends access for who left the last one, and lifts its own hold only', () => {
    fc.assert(
      fc.property(places, holds, fc.boolean(), fc.boolean(), (place, names, left, isNewer) => {
        const before = heldBy(names, 5);
        const now = around(HERE, isNewer ? 6 : 4);
        const plan = planMembership(now, { ...place, person: before }, left);
        if (left && !place.placed) {
          expectWholeRaise(before, plan);
          expect(plan.person.generation).toBe(before.generation + 1);
          expect(Object.keys(plan.person.holds).sort()).toEqual(
            [...new Set([...names, groupHold(HERE)])].sort(),
          );
          expect(plan.cases).toMatchObject([{ cause: { kind: 'group', connection: HERE } }]);
          return;
        }
        expect(plan.person.generation).toBe(before.generation);
        const lifts = place.here && isNewer ? [groupHold(HERE)] : [];
        expect(Object.keys(plan.person.holds).sort()).toEqual(
          names.filter((name) => !lifts.includes(name)).sort(),
        );
        expect(plan.records).toEqual([]);
      }),
    );
  });

  it('holds who arrives without a place, and revokes nothing of what they have', () => {
    fc.assert(
      fc.property(fc.option(places), holds, (place, names) => {
        const before = heldBy(names, 5);
        const plan = planArrival(around(HERE, 6), keepAccess(before), place);
        expect(plan.person.generation).toBe(before.generation);
        expect(plan.records).toEqual([]);
        const name = groupHold(HERE);
        const isHeld = name in plan.person.holds;
        if (place === null) expect(plan.person).toEqual(before);
        else if (place.here) expect(isHeld).toBe(false);
        else expect(isHeld).toBe(!place.placed || names.includes(name));
        for (const other of names.filter((each) => each !== name))
          expect(plan.person.holds).toHaveProperty([other]);
      }),
    );
  });

  it('lifts the hold of who arrived without a place, also when the place was asked for before', () => {
    const person = planArrival(around(HERE, 6), keepAccess(somebody()), {
      placed: false,
      here: false,
    }).person;
    const place = { placed: true, here: true, person };
    expect(planMembership(around(HERE, 5), place, false).person.holds).toEqual({});
    const outside = planOutsider(around(HERE, 6), somebody()).person;
    expect(
      planMembership(around(HERE, 5), { ...place, person: outside }, false).person.holds,
    ).toEqual({});
  });
});
