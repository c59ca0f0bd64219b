import type { OutboxRecord } from '../outbox/index.js';
import type { Tx } from '../kernel/tx.js';
import { print, type Press } from './domain/compose-writes.js';
import { NOTHING, txnOf, type Circumstances, type Plan } from './domain/plan.js';
import { writeAll } from './postgres/write-all.js';

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
  const { person, resource } = plan;
  writeAll(tx, {
    organization,
    connection,
    at: around.at,
    user:
      resource !== null && resource.kind !== 'tombstone'
        ? resource.resource.user
        : (person?.user ?? null),
    newUser: plan.newUser,
    resource,
    identitiesAdded: plan.identitiesAdded,
    identitiesEnded: plan.identitiesEnded,
    access:
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
          ],
    tokensEnd: plan.tokensEnd,
    cases: plan.cases,
    resolutions: plan.resolutions,
    signals: plan.signals,
    waits: plan.waits,
    events: plan.events,
    txn: txnOf(around.origin),
    printed,
  });
  return printed.records;
}
