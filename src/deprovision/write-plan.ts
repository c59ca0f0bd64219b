import type { OutboxRecord } from '../outbox/index.js';
import type { Tx } from '../kernel/tx.js';
import { print, type Press } from './domain/compose-writes.js';
import type { OrganizationId } from '../kernel/ids.js';
import { eventsOf, NOTHING, type Circumstances, type Plan } from './domain/plan.js';
import { writeAll, type Writes } from './postgres/write-all.js';

/** Gives a plan its bytes and has it written with COMMIT. @returns the records to publish once `tx` has committed */
export function writePlan(
  tx: Tx,
  press: Press,
  around: Circumstances,
  plan: Plan,
): readonly OutboxRecord[] {
  if (plan === NOTHING) return [];
  const { organization, connection } = around.origin;
  const printed = print(press, organization, plan, around.at);
  writeAll(tx, {
    organization,
    connection,
    at: around.at,
    user: userOf(plan),
    newUser: plan.newUser,
    resource: plan.resource,
    identitiesAdded: plan.identitiesAdded,
    identitiesEnded: plan.identitiesEnded,
    access: accessOf(plan),
    tokensEnd: plan.tokensEnd,
    cases: plan.cases,
    resolutions: plan.resolutions,
    signals: plan.signals,
    waits: plan.waits,
    events: eventsOf(around, plan.events),
    printed,
  });
  return printed.records;
}

/** The plans of several people of one organization, who were locked together: one statement for all of them, with COMMIT. */
export function writePlans(
  tx: Tx,
  press: Press,
  organization: OrganizationId,
  { at, planned }: { readonly at: Date; readonly planned: readonly PlannedFor[] },
): readonly OutboxRecord[] {
  const plans = planned.map(({ plan }) => plan).filter((plan) => plan !== NOTHING);
  if (plans.length === 0) return [];
  const [entries, records] = [
    plans.flatMap((plan) => plan.entries),
    plans.flatMap((plan) => plan.records),
  ];
  const printed = print(press, organization, { entries, records }, at);
  writeAll(tx, {
    ...NOTHING,
    organization,
    connection: null,
    at,
    user: null,
    activities: plans.flatMap(activitiesOf),
    access: plans.flatMap(accessOf),
    endings: plans.flatMap(({ tokensEnd }) => (tokensEnd === null ? [] : [tokensEnd])),
    cases: plans.flatMap(({ cases }) => cases),
    events: planned.flatMap(({ around, plan }) => eventsOf(around, plan.events)),
    printed,
  });
  return printed.records;
}

/** A plan, and what surrounds it. */
export interface PlannedFor {
  readonly around: Circumstances;
  readonly plan: Plan;
}

/** Whether a plan says nothing that {@link writePlans} has no place for. */
export const fitsWithOthers = ({ newUser, resource, ...plan }: Plan): boolean =>
  newUser === null &&
  (resource === null || resource.kind === 'activity') &&
  [plan.identitiesAdded, plan.identitiesEnded, plan.resolutions, plan.signals, plan.waits].every(
    ({ length }) => length === 0,
  );

const activitiesOf = ({ resource }: Plan) =>
  resource?.kind === 'activity' ? [resource.resource] : [];

const accessOf = ({ person }: Plan): Writes['access'] =>
  person === null
    ? []
    : [
        {
          scope: 'user',
          subject_id: person.user,
          generation: person.generation,
          holds: person.holds,
          lifts: person.lifts,
        },
      ];

/** Whom identities belong to. */
const userOf = ({ resource, person }: Plan): string | null =>
  resource !== null && resource.kind !== 'tombstone'
    ? resource.resource.user
    : (person?.user ?? null);
