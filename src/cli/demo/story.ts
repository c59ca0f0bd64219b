import { randomUUID } from 'node:crypto';
import { gather, type Cast, type Seat } from './cast.js';
import { authz, bearer, call, deniedAt, demand, textIn } from './client.js';
import { leaveByEntra, leaveByOktaHook } from './goodbyes.js';
import type { Stage } from './stage.js';
import type { Teller } from './teller.js';

export interface DemoResult {
  readonly ok: boolean;
  readonly deprovision: {
    readonly status: number;
    readonly answered_ms: number;
    readonly denied_ms: Readonly<Record<string, number>>;
  };
  readonly audit: { readonly entries: number; readonly verified: boolean };
}

interface Gateway {
  readonly name: string;
  readonly url: string;
}

/** What one goodbye took, milliseconds from the first byte of the IdP's request. */
interface Goodbye {
  readonly answeredMs: number;
  readonly deniedMs: Readonly<Record<string, number>>;
  readonly case: string;
}

/** The whole story; every sentence that it tells has been checked. @throws Unexpected at the first that is not so */
export async function tellStory(stage: Stage, teller: Teller): Promise<DemoResult> {
  const cast = await gather(stage.url, stage.adminKey);
  teller.say(
    'Ada, Bob and Cleo work at Example Ltd. Five devices, one of them, the front desk, shared by Ada and Bob.',
  );
  const gateways = await openGateways(stage);
  await everybodyGetsIn(cast, gateways);
  teller.say(
    `Two gateways, ${gateways.map(({ name }) => name).join(' and ')}, in strict mode, by Kafka alone. All six device tokens get in at both.`,
  );

  teller.chapter('1. Ada leaves: Entra says so over SCIM, with the string "False"');
  const ada = await goodbye(stage, { cast, gateways, name: 'ada' }, () =>
    leaveByEntra(cast, 'ada'),
  );
  await onlyTheseAreOut(cast, gateways, ['ada']);
  teller.timeline(ada.answeredMs, ada.deniedMs);
  teller.say('Exactly her three tokens are denied, also at the front desk. Bob still works there.');

  teller.chapter('2. Bob leaves: Okta says so with an event hook');
  const bob = await goodbye(stage, { cast, gateways, name: 'bob' }, () =>
    leaveByOktaHook(cast, 'bob', randomUUID()),
  );
  await onlyTheseAreOut(cast, gateways, ['ada', 'bob']);
  teller.timeline(bob.answeredMs, bob.deniedMs);

  teller.chapter('3. Cleo leaves, and the service dies between commit and publish');
  const cleo = await interrupted(stage, { cast, gateways, name: 'cleo' }, teller);
  await onlyTheseAreOut(cast, gateways, ['ada', 'bob', 'cleo']);

  teller.chapter('4. What the log says');
  const entries = await checkEvidence(stage, cast, {
    gateways,
    goodbyes: { ada, bob, cleo },
    teller,
  });
  return {
    ok: true,
    deprovision: { status: 200, answered_ms: ada.answeredMs, denied_ms: ada.deniedMs },
    audit: { entries, verified: true },
  };
}

async function openGateways(stage: Stage): Promise<readonly Gateway[]> {
  const open = async (name: string): Promise<Gateway> => {
    const made = await call(`${stage.url}/v1/gateways`, {
      method: 'POST',
      headers: bearer(stage.adminKey),
      body: { name },
      expect: 201,
    });
    return { name, url: await stage.startGateway(name, textIn(made, 'key')) };
  };
  return Promise.all([open('north'), open('south')]);
}

const seatsOf = (cast: Cast, name: string): readonly Seat[] =>
  cast.seats.filter((seat) => seat.person === name);

async function everybodyGetsIn(cast: Cast, gateways: readonly Gateway[]): Promise<void> {
  await onlyTheseAreOut(cast, gateways, []);
}

/** Asks every gateway about every token: the tokens of those who left are denied, all others get in. */
async function onlyTheseAreOut(
  cast: Cast,
  gateways: readonly Gateway[],
  out: readonly string[],
): Promise<void> {
  for (const gateway of gateways)
    for (const seat of cast.seats) {
      const expected = out.includes(seat.person) ? 401 : 200;
      const status = await authz(gateway.url, seat.token);
      demand(
        status === expected,
        `${gateway.name} answers ${expected} to ${seat.person} at ${seat.device} (it says ${status})`,
      );
    }
}

interface Scene {
  readonly cast: Cast;
  readonly gateways: readonly Gateway[];
  readonly name: string;
}

/** Sends the request and watches both gateways meanwhile. */
async function goodbye(
  stage: Stage,
  scene: Scene,
  leave: () => Promise<unknown>,
): Promise<Goodbye> {
  const started = performance.now();
  const [deniedMs, answeredMs] = await Promise.all([
    watchDenials(scene, started),
    leave().then(() => rounded(performance.now() - started)),
  ]);
  return { answeredMs, deniedMs, case: await caseOf(stage, scene) };
}

async function watchDenials(
  { cast, gateways, name }: Scene,
  since: number,
): Promise<Record<string, number>> {
  const [seat] = seatsOf(cast, name);
  demand(seat !== undefined, `${name} has a token`);
  const times = await Promise.all(
    gateways.map(
      async (gateway) =>
        [gateway.name, rounded((await deniedAt(gateway.url, seat.token)) - since)] as const,
    ),
  );
  return Object.fromEntries(times);
}

/** The broker is frozen, so what was committed cannot be published; then the service is killed, and starts again. */
async function interrupted(stage: Stage, scene: Scene, teller: Teller): Promise<Goodbye> {
  await stage.freezeBroker();
  const started = performance.now();
  await leaveByEntra(scene.cast, scene.name);
  const answeredMs = rounded(performance.now() - started);
  teller.say(
    `The broker is frozen. Entra's request is answered all the same, after ${answeredMs} ms.`,
  );
  const [seat] = seatsOf(scene.cast, scene.name);
  demand(seat !== undefined, 'Cleo has a token');
  for (const gateway of scene.gateways)
    demand((await authz(gateway.url, seat.token)) === 200, `${gateway.name} cannot know yet`);
  await stage.killService();
  teller.say('SIGKILL. Committed, and acknowledged by no broker; no gateway knows yet.');
  stage.thawBroker();
  const [deniedMs] = await Promise.all([watchDenials(scene, started), stage.startService()]);
  teller.say(
    'The broker thaws, with the first send perhaps still in its socket; the service starts again and sends what it finds unacknowledged.',
  );
  teller.timeline(answeredMs, deniedMs);
  return { answeredMs, deniedMs, case: await caseOf(stage, scene) };
}

async function caseOf(stage: Stage, { cast, name }: Scene): Promise<string> {
  const { items } = await call(
    `${stage.url}/v1/organizations/${cast.organization}/cases?user=${cast.people[name] ?? ''}`,
    { headers: bearer(stage.adminKey), expect: 200 },
  );
  demand(Array.isArray(items) && items.length === 1, `${name} has exactly one case`);
  return textIn(items[0] as Readonly<Record<string, unknown>>, 'id');
}

/** Each case is enforced at every gateway, and has exactly its one entry, which says what happened. */
async function checkEvidence(
  stage: Stage,
  cast: Cast,
  told: {
    readonly gateways: readonly Gateway[];
    readonly goodbyes: Readonly<Record<string, Goodbye>>;
    readonly teller: Teller;
  },
): Promise<number> {
  const own = `${stage.url}/v1/organizations/${cast.organization}`;
  const tokens: Readonly<Record<string, number>> = { ada: 3, bob: 2, cleo: 1 };
  for (const [name, { case: id }] of Object.entries(told.goodbyes)) {
    const found = await untilEnforced(`${own}/cases/${id}`, stage.adminKey);
    demand(
      (found['gateways'] as readonly unknown[]).length === told.gateways.length,
      `the case of ${name} names every gateway`,
    );
    const { items } = await call(`${own}/audit/events?case=${id}`, {
      headers: bearer(stage.adminKey),
      expect: 200,
    });
    const entries = items as readonly {
      action: string;
      subject: { id: string };
      detail: { tokens: number };
    }[];
    const [entry] = entries;
    demand(
      entries.length === 1 &&
        entry?.action === 'user.deprovisioned' &&
        entry.subject.id === cast.people[name] &&
        entry.detail.tokens === tokens[name],
      `the case of ${name} has exactly its one entry`,
    );
    if (name === 'cleo') demandSweptUp(found);
    told.teller.evidence(name, found);
  }
  const { items } = await call(`${own}/audit/events?limit=200`, {
    headers: bearer(stage.adminKey),
    expect: 200,
  });
  return (items as readonly unknown[]).length;
}

/** The process that committed took the time of it to its grave: whoever wrote down the broker's answer came after it. */
function demandSweptUp({ timeline }: Readonly<Record<string, unknown>>): void {
  const { committed_at: committed, broker_acked_at: acked } = timeline as Readonly<
    Record<string, string | null>
  >;
  demand(
    committed === null && typeof acked === 'string',
    'the record of Cleo was acknowledged to the service that started again',
  );
}

async function untilEnforced(url: string, key: string): Promise<Readonly<Record<string, unknown>>> {
  for (const deadline = performance.now() + 30_000; performance.now() < deadline;) {
    const found = await call(url, { headers: bearer(key), expect: 200 });
    if (found['state'] === 'enforced') return found;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const last = await call(url, { headers: bearer(key), expect: 200 });
  demand(false, `the case is enforced (it is ${String(last['state'])})`);
}

const rounded = (ms: number): number => Math.round(ms * 10) / 10;
