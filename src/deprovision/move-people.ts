import type { UserId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type { OutboxRecord } from '../outbox/index.js';
import { sameAccess, type Person } from './domain/person.js';
import type { AccessPlan } from './domain/access.js';
import { eventsOfChange } from './domain/access-events.js';
import { print, type Press } from './domain/compose-writes.js';
import type { Place } from './domain/plan-membership.js';
import { eventsOf, NOTHING, type Circumstances } from './domain/plan.js';
import { peopleState } from './postgres/people-state.js';
import { writeSome } from './postgres/write-all.js';

/** So many are read, planned and written at once: other requests get their turn of the event loop in between. */
const AT_ONCE = 500;

export interface Moved {
  readonly records: readonly OutboxRecord[];
  /** Whose access has ended. */
  readonly gone: number;
}

/**
 * Plans for each of these people, whose rows are locked, and writes it all: generations, holds, tokens, cases, entries and
 * records. Set by set, in the one transaction that `tx` is.
 */
export async function movePeople(
  tx: Tx,
  press: Press,
  around: Circumstances,
  moving: {
    readonly people: readonly UserId[];
    readonly plan: (standing: Place & { readonly person: Person }) => AccessPlan;
  },
): Promise<Moved> {
  const records: OutboxRecord[] = [];
  let gone = 0;
  for (let from = 0; from < moving.people.length; from += AT_ONCE) {
    const some = moving.people.slice(from, from + AT_ONCE);
    const standing = await peopleState(tx, around.origin, some);
    const plans = standing.map((each) => ({ before: each.person, plan: moving.plan(each) }));
    const moved = plans.filter(({ before, plan }) => !sameAccess(plan.person, before));
    const written = await write(tx, press, around, moved);
    records.push(...written);
    gone += moved.filter(({ plan }) => plan.tokensEnd !== null).length;
  }
  return { records, gone };
}

async function write(
  tx: Tx,
  press: Press,
  around: Circumstances,
  moved: readonly { readonly before: Person; readonly plan: AccessPlan }[],
): Promise<readonly OutboxRecord[]> {
  const { organization, connection } = around.origin;
  const plans = moved.map((one) => one.plan);
  const plan = {
    entries: plans.flatMap(({ entries }) => entries),
    records: plans.flatMap((each) => each.records),
  };
  const printed = print(press, organization, plan, around.at);
  await writeSome(tx, {
    ...NOTHING,
    organization,
    connection,
    at: around.at,
    user: null,
    access: plans.map(({ person }) => ({
      scope: 'user',
      subject_id: person.user,
      generation: person.generation,
      holds: person.holds,
      lifts: person.lifts,
    })),
    endings: plans.flatMap(({ tokensEnd }) => (tokensEnd === null ? [] : [tokensEnd])),
    cases: plans.flatMap(({ cases }) => cases),
    events: eventsOf(
      around,
      moved.flatMap((one) => eventsOfChange(around, { before: one.before, access: one.plan })),
    ),
    printed,
  });
  return printed.records;
}
