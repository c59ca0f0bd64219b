import { entryOf, entryRow } from '../audit/index.js';
import { raisedGeneration } from '../contract/generation.js';
import type { OutboxRecord, ToldEvent } from '../outbox/index.js';
import { newId, type ApiKeyId, type CaseId, type EntryId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type { HeldSubject, MadeCases, Operator, PeopleOrder } from './deprovision.js';
import { accountEvent, ACCESS_EVENTS } from '../contract/access-event.js';
import { caseTold } from './domain/access-events.js';
import { print, type Press } from './domain/compose-writes.js';
import { planApiKey, planSubject, type RevocationOrder } from './domain/plan-subject.js';
import { eventsOf, NOTHING, type CaseWrite } from './domain/plan.js';
import { endTokens } from './postgres/end-tokens.js';
import { removeHold } from './postgres/holds.js';
import { lockApiKey, lockSubject } from './postgres/lock-and-read.js';
import { lockPeople } from './postgres/lock-people.js';
import { writeAll, type Writes } from './postgres/write-all.js';

interface Carried<T> {
  readonly outcome: T;
  readonly records: readonly OutboxRecord[];
}

const noWrites = { ...NOTHING, user: null, connection: null, tokensEnd: null } as const;

export async function revokeSubject(
  tx: Tx,
  press: Press,
  order: RevocationOrder,
): Promise<Carried<CaseId | null>> {
  const { organization, scope, id } = order;
  const before = await lockSubject(tx, organization, scope, id);
  if (before === null) return { outcome: null, records: [] };
  const plan = planSubject(order, before, { epoch: press.epoch, makeId: newId });
  const printed = print(
    press,
    organization,
    { entries: [plan.entry], records: plan.records },
    before.at,
  );
  const writes: Writes = {
    ...noWrites,
    organization,
    at: before.at,
    access: [
      {
        scope,
        subject_id: id,
        generation: plan.generation,
        holds: plan.holds,
        lifts: before.lifts,
      },
    ],
    cases: [plan.case],
    events: told(order, before.at, [plan]),
    printed,
  };
  writeAll(tx, writes);
  await endTokens(tx, order, { at: before.at, cause: order.kind, case: plan.case.id });
  return { outcome: plan.case.id, records: printed.records };
}

/** As {@link revokeSubject} of each of them: one case, entry and record a person, in one statement together. */
export async function revokePeople(
  tx: Tx,
  press: Press,
  order: PeopleOrder,
): Promise<Carried<MadeCases>> {
  const { organization } = order;
  const { at, people } = await lockPeople(tx, organization, order.people);
  const making = { epoch: press.epoch, makeId: newId };
  const plans = people.map((before) => {
    const subject = { ...order, scope: 'user', id: before.user } as const;
    return { before, plan: planSubject(subject, { ...before, at }, making) };
  });
  const printed = print(
    press,
    organization,
    {
      entries: plans.map(({ plan }) => plan.entry),
      records: plans.flatMap(({ plan }) => plan.records),
    },
    at,
  );
  writeAll(tx, {
    ...noWrites,
    organization,
    at,
    access: plans.map(({ before, plan }) => ({
      scope: 'user',
      subject_id: before.user,
      generation: plan.generation,
      holds: plan.holds,
      lifts: before.lifts,
    })),
    endings: plans.map(({ before, plan }) => ({
      user: before.user,
      case: plan.case.id,
      cause: order.kind,
      left: false,
    })),
    cases: plans.map(({ plan }) => plan.case),
    events: told(
      order,
      at,
      plans.map(({ plan }) => plan),
    ),
    printed,
  });
  const made = new Map(plans.map(({ before, plan }) => [before.user, plan.case.id]));
  return { outcome: made, records: printed.records };
}

export async function revokeApiKey(
  tx: Tx,
  press: Press,
  operator: Operator,
  { key, reason }: { readonly key: ApiKeyId; readonly reason: string },
): Promise<Carried<CaseId | null>> {
  const { organization } = operator;
  const before = await lockApiKey(tx, organization, key);
  if (before === null) return { outcome: null, records: [] };
  const making = { epoch: press.epoch, makeId: newId };
  const plan = planApiKey(operator, { ...before, key, reason }, making);
  const printed = print(press, organization, plan, before.at);
  writeAll(tx, {
    ...noWrites,
    organization,
    at: before.at,
    access: before.families.map((family) => ({
      scope: 'family',
      subject_id: family.id,
      generation: raisedGeneration(family.generation, press.epoch),
      holds: family.holds,
      lifts: {},
    })),
    cases: [plan.case],
    events: told(operator, before.at, [plan]),
    printed,
  });
  await endTokens(
    tx,
    { organization, scope: 'api_key', id: key },
    { at: before.at, cause: 'admin', case: plan.case.id },
  );
  return { outcome: plan.case.id, records: printed.records };
}

export async function liftHold(
  tx: Tx,
  operator: Operator,
  subject: HeldSubject,
  name: string,
): Promise<Carried<boolean>> {
  const { organization } = operator;
  const removed = await removeHold(tx, organization, subject, name);
  if (removed === null) return { outcome: false, records: [] };
  const entry = entryOf({
    id: newId<EntryId>(),
    org: organization,
    at: removed.at.toISOString(),
    action: 'hold.lifted',
    outcome: 'success',
    actor: operator.actor,
    subject: { type: subject.scope === 'org' ? 'organization' : subject.scope, id: subject.id },
    request_id: operator.requestId,
    detail: { hold: name, remaining: removed.remaining },
  });
  writeAll(tx, {
    ...noWrites,
    organization,
    at: removed.at,
    access: [],
    events:
      subject.scope === 'user' && removed.remaining.length === 0
        ? enabled(operator, subject.id)
        : [],
    printed: { entries: [entryRow(entry)], records: [] },
  });
  return { outcome: true, records: [] };
}

/** Of each case that it makes: an order of many people is told as one transaction. */
const told = (
  { requestId }: Pick<Operator, 'requestId'>,
  at: Date,
  plans: readonly { readonly case: CaseWrite; readonly holds?: object }[],
): readonly ToldEvent[] =>
  eventsOf(
    { origin: { requestId } },
    plans.map((plan) =>
      caseTold(plan.case, {
        at,
        isHeld: plan.case.scope === 'user' && Object.keys(plan.holds ?? {}).length > 0,
      }),
    ),
  );

const enabled = ({ requestId }: Operator, user: string): readonly ToldEvent[] =>
  eventsOf({ origin: { requestId } }, [accountEvent(newId(), user, ACCESS_EVENTS.accountEnabled)]);
