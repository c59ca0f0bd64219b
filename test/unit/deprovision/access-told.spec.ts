// P4, P5: who goes by what is told alone knows of everybody who is out, and of nobody who is not, whatever has been said.
import { expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ACCESS_EVENTS } from '../../../src/contract/access-event.js';
import { SCIM_EVENTS } from '../../../src/contract/security-event.js';
import { eventsOfChange } from '../../../src/deprovision/domain/access-events.js';
import type {
  ActiveWord,
  ResourceImage,
  SignalEffect,
  StoredResource,
} from '../../../src/deprovision/domain/change.js';
import { newPerson, sameAccess, type Person } from '../../../src/deprovision/domain/person.js';
import { planCreation } from '../../../src/deprovision/domain/plan-create.js';
import {
  planEdit,
  planRefusedEdit,
  planRemoval,
} from '../../../src/deprovision/domain/plan-edit.js';
import { planMembership } from '../../../src/deprovision/domain/plan-membership.js';
import { planSignal } from '../../../src/deprovision/domain/plan-signal.js';
import type { Circumstances, EventDraft, Plan } from '../../../src/deprovision/domain/plan.js';
import type { WaitingSignal } from '../../../src/deprovision/domain/waiting-signals.js';
import {
  newId,
  type CaseId,
  type ConnectionId,
  type SignalId,
  type UserId,
} from '../../../src/kernel/ids.js';
import { around, minute } from '../../support/circumstances.js';

const CONNECTIONS = [newId<ConnectionId>(), newId<ConnectionId>()] as const;
const image = (active: boolean): ResourceImage => ({
  userName: 'ada@example.com',
  externalId: null,
  emails: [],
  active,
  attributes: {},
});

interface Scene {
  readonly person: Person | null;
  readonly resources: ReadonlyMap<ConnectionId, StoredResource>;
}
/** One change, planned; null when there is nothing that it could be about. */
type Step = (scene: Scene) => { readonly at: Circumstances; readonly plan: Partial<Plan> } | null;

const connection = fc.constantFrom(...CONNECTIONS);
const when = fc.nat(30);
const place = fc.constantFrom(
  { placed: false, here: false },
  { placed: true, here: false },
  { placed: true, here: true },
);
const effect = fc.constantFrom<SignalEffect>('hold', 'lift', 'revoke');
const waiting = fc.array(
  fc
    .record({ connection, effect, class: fc.constantFrom('gone', 'lost'), at: when })
    .map(({ at, ...signal }): WaitingSignal => ({
      ...signal,
      id: newId<SignalId>(),
      case: signal.effect === 'lift' ? null : newId<CaseId>(),
      occurredAt: minute(at).toISOString(),
    })),
  { maxLength: 2 },
);

/** A resource that is created, linking to the person if there is one, or edited, or refused. */
const word = fc
  .record({
    connection,
    at: when,
    word: fc.constantFrom<ActiveWord>('true', 'false', 'absent', 'unreadable'),
    refused: fc.boolean(),
    here: fc.boolean(),
    access: fc.option(place),
    waiting,
  })
  .map((said): Step => ({ person, resources }) => {
    const at = around(said.connection, said.at);
    const resource = resources.get(said.connection);
    const next = image(said.word === 'absent' ? (resource?.active ?? true) : said.word === 'true');
    if (resource === undefined || person === null) {
      const before = { person, waiting: said.waiting, foreign: [], access: said.access };
      const change = { kind: 'create', origin: at.origin, word: said.word, image: next } as const;
      return said.word === 'unreadable' ? null : { at, ...planCreation(at, before, change) };
    }
    if (said.refused || said.word === 'unreadable')
      return { at, ...planRefusedEdit(at, { person }, { ...said, refused: new Error('no') }) };
    return { at, ...planEdit(at, { at: at.at, person, resource }, { ...said, next }) };
  });

const removal = fc.record({ connection, at: when }).map((said): Step => ({ person, resources }) => {
  const at = around(said.connection, said.at);
  const resource = resources.get(said.connection);
  if (resource === undefined || person === null) return null;
  return { at, ...planRemoval(at, { at: at.at, person, resource }) };
});

const signal = fc
  .record({ connection, at: when, occurred: when, effect, class: fc.constantFrom('gone', 'lost') })
  .map((said): Step => ({ person }) => {
    if (person === null) return null;
    const at = around(said.connection, said.at);
    const taken = {
      id: newId<SignalId>(),
      signal: {
        effect: said.effect,
        class: said.class,
        eventType: 'any',
        subject: [],
        occurredAt: minute(said.occurred),
      },
    };
    return { at, ...planSignal(at, { users: [person.user], person }, taken as never) };
  });

const move = fc
  .record({ connection, at: when, place, left: fc.boolean() })
  .map((said): Step => ({ person }) => {
    if (person === null) return null;
    const at = around(said.connection, said.at);
    const access = planMembership(at, { ...said.place, person }, said.left);
    if (sameAccess(access.person, person)) return { at, plan: {} };
    return { at, plan: { ...access, events: eventsOfChange(at, { before: person, access }) } };
  });

/** What an event says of the account: out, in, or nothing. */
const saysOf = ({ events }: EventDraft): boolean | null => {
  if (ACCESS_EVENTS.accountEnabled in events) return false;
  const out = [ACCESS_EVENTS.accountDisabled, SCIM_EVENTS.deactivate, SCIM_EVENTS.delete];
  return out.some((type) => type in events) ? true : null;
};

const resourcesAfter = (
  { resources }: Scene,
  { origin }: Circumstances,
  { resource }: Partial<Plan>,
): Scene['resources'] => {
  if (resource === undefined || resource === null) return resources;
  const after = new Map(resources);
  if (resource.kind === 'tombstone') after.delete(origin.connection);
  else after.set(origin.connection, resource.resource);
  return after;
};

it('the last word that was told of a person’s account is what they are, and none is said twice', () => {
  const met = { held: 0, free: 0, created: 0 };
  fc.assert(
    fc.property(
      fc.option(fc.constant(newPerson(newId<UserId>()))),
      fc.array(fc.oneof(word, word, signal, move, removal), { maxLength: 12 }),
      (person, steps) => {
        let scene: Scene = { person, resources: new Map() };
        let isOut = false;
        for (const step of steps) {
          const made = step(scene);
          if (made === null) continue;
          const { at, plan } = made;
          const { cases = [], resolutions = [], events = [] } = plan;
          const told = [...cases, ...resolutions].map(({ id }) => id);
          for (const id of told) expect(events.filter((event) => event.id === id)).toHaveLength(1);
          for (const event of events) {
            const says = saysOf(event);
            const isCase = told.some((id) => id === event.id);
            const isOfAccount =
              event.type === ACCESS_EVENTS.accountDisabled ||
              event.type === ACCESS_EVENTS.accountEnabled;
            if (isOfAccount) expect(says).toBe(!isOut);
            // That a resource is inactive after all, because an activation came too late.
            else if (says === true && !isCase) expect(isOut).toBe(true);
            isOut = says ?? isOut;
          }
          if (scene.person === null && isOut) met.created += 1;
          scene = {
            person: plan.person ?? scene.person,
            resources: resourcesAfter(scene, at, plan),
          };
          const isHeld = Object.keys(scene.person?.holds ?? {}).length > 0;
          met[isHeld ? 'held' : 'free'] += 1;
          expect(isOut).toBe(isHeld);
        }
      },
    ),
    { numRuns: 300 },
  );
  expect(Math.min(...Object.values(met))).toBeGreaterThan(0);
});
