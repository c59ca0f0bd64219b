import type { ChildProcess } from 'node:child_process';
import pg from 'pg';
import type { Bench } from './frame/bench.js';
import { httpFloor, kafkaFloor, postgresFloor } from './frame/floors.js';
import type { Answer } from './frame/http.js';
import type { Installation } from './frame/installation.js';
import { closedLoop, machineMs, openLoop } from './frame/load.js';
import { message } from './frame/processes.js';
import { found, seed, settle, type Company, type Leaver } from './frame/seed.js';
import { judge, judgements, quantile, short, spread, table, type Spread } from './frame/summary.js';

const PER_SECOND = 100;
const GATEWAYS = 4;
/** So many that the code of service, gateways and Kafka has been compiled before the first of them is timed. */
const WARM_UP = 2_500;
/** People by how many tokens they hold. */
const COHORTS = [
  { tokens: 1, people: 1_500 },
  { tokens: 10, people: 500 },
  { tokens: 1_000, people: 200 },
] as const;
const TRIED = { atOnce: [8, 16, 32, 64], people: 1_500 } as const;
const SUSTAINED = 10_000;

interface Walk {
  readonly tokens: number;
  readonly answered: Spread;
  readonly published: Spread;
  readonly denied: Spread;
}

/** A run's people, and where they can be denied. */
export interface Field {
  readonly installation: Installation;
  readonly company: Company;
  readonly gateways: readonly ChildProcess[];
  readonly stop: AbortSignal;
  /** Answers of 503, each sent again as an IdP does. */
  readonly refused: { count: number };
}

export const deprovision: Bench = {
  about: 'SCIM deactivation: answered, published, denied at the last of 4 gateways; sustained rate',
  run: async ({ say, stop, isQuick, ...how }) => {
    const installation = await how.installation();
    const share = isQuick ? 0.1 : 1;
    const floorLoad = { count: 1_000 * share, perSecond: PER_SECOND };
    say('floors: HTTP, PostgreSQL, Kafka …');
    const http = await httpFloor(installation, floorLoad, stop);
    const postgres = await postgresFloor(installation, { ...floorLoad, seconds: 8 }, stop);
    const kafka = await kafkaFloor(installation, floorLoad, stop);

    const company = await found(installation);
    const gateways = await Promise.all(
      Array.from({ length: GATEWAYS }, (_, i) => installation.startGateway(`gateway-${i + 1}`)),
    );
    const field: Field = { installation, company, gateways, stop, refused: { count: 0 } };
    await leaveAtOnce(field, await people(field, WARM_UP, 1), 16);
    const walks: Walk[] = [];
    for (const { tokens, people: all } of COHORTS) {
      const cohort = { tokens, people: all * share };
      say(`${cohort.people} people with ${cohort.tokens} tokens, ${PER_SECOND}/s …`);
      walks.push(await leaveInTurn(field, cohort));
    }
    say('as fast as it goes …');
    const sustained = await fastest(field, share);

    const [one, , thousand] = walks as [Walk, Walk, Walk];
    const floorSum = {
      p50: http.p50 + postgres.transaction.p50 + kafka.consumed.p50,
      p99: http.p99 + postgres.transaction.p99 + kafka.consumed.p99,
    };
    const budgets = [
      judge('answered p50', [one.answered.p50, 'ms'], 'lower', 4),
      judge('answered p99', [one.answered.p99, 'ms'], 'lower', 15),
      judge(
        '1,000 tokens / 1 token, answered p50',
        [thousand.answered.p50 / one.answered.p50, '×'],
        'lower',
        2,
      ),
      judge('denied at the last gateway p50', [one.denied.p50, 'ms'], 'lower', 8),
      judge('denied at the last gateway p99', [one.denied.p99, 'ms'], 'lower', 40),
      judge('denied p50 / sum of floors', [one.denied.p50 / floorSum.p50, '×'], 'lower', 3),
      judge('denied p99 / sum of floors', [one.denied.p99 / floorSum.p99, '×'], 'lower', 5),
      judge('sustained, full path', [sustained.perSecond, '/s'], 'higher', 1_500),
      judge(
        `sustained / ${postgres.tool}, 16 clients`,
        [sustained.perSecond / postgres.perSecond, '×'],
        'higher',
        0.35,
      ),
    ];
    say(
      table([
        ['milliseconds from the scheduled time', 'p50', 'p99', 'people'],
        ...walks.flatMap((walk) =>
          (['answered', 'published', 'denied'] as const).map((step) => [
            `${walk.tokens} tokens: ${step}`,
            short(walk[step].p50),
            short(walk[step].p99),
            String(walk[step].count),
          ]),
        ),
        ...Object.entries({
          'floor: HTTP round trip, bare Node': http,
          'floor: transaction in seven trips, bare pg': postgres.transaction,
          'floor: kafkajs produce → ack': kafka.acknowledged,
          'floor: kafkajs produce → consume': kafka.consumed,
        }).map(([what, { p50, p99, count }]) => [what, short(p50), short(p99), String(count)]),
      ]),
    );
    say(
      `\nsustained ${short(sustained.perSecond)}/s until the last gateway denied the last one ` +
        `(answered ${short(sustained.answeredPerSecond)}/s, ${sustained.atOnce} at once); ` +
        `${postgres.tool} ${short(postgres.perSecond)}/s with 16 clients\n`,
    );
    if (field.refused.count > 0)
      say(`${field.refused.count} answers were 503 and were sent again\n`);
    say(judgements(budgets));
    return {
      walks,
      sustained,
      refused: field.refused.count,
      floors: { http, postgres, kafka },
      budgets,
    };
  },
};

/** New people; every token has been let in by every gateway when this resolves. */
export async function people(
  field: Field,
  count: number,
  tokensEach: number,
): Promise<readonly Leaver[]> {
  const { installation, company, gateways } = field;
  const leavers = await seed(installation, company, { people: count, tokensEach });
  const holders = leavers.map(({ user, token }) => [user, token]);
  for (const gateway of gateways) {
    const held = message<{ kind: 'held'; allowed: number }>(gateway, 'held');
    gateway.send({ kind: 'hold', holders });
    const { allowed } = await held;
    if (allowed !== count) throw new Error(`a gateway lets ${allowed} of ${count} tokens in`);
  }
  await settle(installation);
  return leavers;
}

const ENTRA = JSON.stringify({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [{ op: 'Replace', path: 'active', value: 'False' }],
});

/**
 * Entra's request when somebody leaves. A 503 is sent again, and the time goes on.
 *
 * @throws Error when the answer is another than 200 or 503
 */
export const leave =
  (field: Field) =>
  async ({ user }: Leaver): Promise<void> => {
    for (let answer = await sendLeave(field, user); answer.status !== 200;) {
      if (answer.status !== 503)
        throw new Error(`a deactivation answered ${answer.status}: ${answer.text}`);
      field.refused.count += 1;
      field.stop.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 50));
      answer = await sendLeave(field, user);
    }
  };

const sendLeave = ({ installation, company }: Field, user: string): Promise<Answer> =>
  installation.http.send(
    `${company.scim.url}/Users/${user}`,
    {
      method: 'PATCH',
      headers: {
        authorization: `Bearer ${company.scim.secret}`,
        'content-type': 'application/scim+json',
      },
    },
    ENTRA,
  );

async function leaveInTurn(
  field: Field,
  { tokens, people: count }: { readonly tokens: number; readonly people: number },
): Promise<Walk> {
  const leavers = await people(field, count, tokens);
  const deeds = await openLoop(leavers, PER_SECOND, leave(field), field.stop);
  const lastDenied = await denials(field, leavers);
  const acked = await acknowledgements(field, leavers);
  const since = (at: ReadonlyMap<string, number>): Spread =>
    spread(leavers.map(({ user }, i) => (at.get(user) ?? NaN) - deeds[i]!.scheduledMs));
  return {
    tokens,
    answered: spread(deeds.map(({ scheduledMs, endedMs }) => endedMs - scheduledMs)),
    published: since(acked),
    denied: since(lastDenied),
  };
}

/** @returns how long it took until all were denied everywhere, and until all were answered */
async function leaveAtOnce(
  field: Field,
  leavers: readonly Leaver[],
  atOnce: number,
): Promise<{ readonly answeredMs: number; readonly deniedMs: number }> {
  const begin = machineMs();
  const answeredMs = await closedLoop(leavers, atOnce, leave(field), field.stop);
  const denied = await denials(field, leavers);
  return { answeredMs, deniedMs: quantile([...denied.values()], 1) - begin };
}

async function fastest(field: Field, share: number) {
  const [tried, sustained] = [TRIED.people * share, SUSTAINED * share];
  const tries: { readonly atOnce: number; readonly perSecond: number }[] = [];
  for (const atOnce of TRIED.atOnce) {
    const leavers = await people(field, tried, 1);
    const { deniedMs } = await leaveAtOnce(field, leavers, atOnce);
    tries.push({ atOnce, perSecond: (tried / deniedMs) * 1_000 });
  }
  const best = tries.reduce((a, b) => (b.perSecond > a.perSecond ? b : a));
  const leavers = await people(field, sustained, 1);
  const { answeredMs, deniedMs } = await leaveAtOnce(field, leavers, best.atOnce);
  return {
    atOnce: best.atOnce,
    perSecond: (sustained / deniedMs) * 1_000,
    answeredPerSecond: (sustained / answeredMs) * 1_000,
    tries,
  };
}

/** When the last gateway denied each of them. @throws Error when one does not within a minute */
export async function denials(
  { gateways, stop }: Field,
  leavers: readonly Leaver[],
): Promise<ReadonlyMap<string, number>> {
  const last = new Map<string, number>();
  for (const gateway of gateways) {
    let seen = 0;
    for (const deadline = Date.now() + 60_000; seen < leavers.length;) {
      stop.throwIfAborted();
      if (Date.now() > deadline)
        throw new Error(`a gateway denied ${seen} of ${leavers.length} within a minute`);
      const told = message<{ kind: 'told'; denied: [string, number][]; stillIn: number }>(
        gateway,
        'told',
      );
      gateway.send({ kind: 'tell' });
      const { denied, stillIn } = await told;
      if (stillIn > 0) throw new Error(`a gateway still let ${stillIn} in after their record`);
      for (const [user, at] of denied) last.set(user, Math.max(at, last.get(user) ?? 0));
      seen += denied.length;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return last;
}

/** When the broker had acknowledged each record, by the service's own marks (whole milliseconds). */
async function acknowledgements(
  { installation, company, stop }: Field,
  leavers: readonly Leaver[],
): Promise<ReadonlyMap<string, number>> {
  const toMachine = machineMs() - Date.now();
  const keys = leavers.map(({ user }) => `${company.organization}/user/${user}`);
  const client = new pg.Client({ connectionString: installation.databaseUrl });
  await client.connect();
  try {
    for (;;) {
      stop.throwIfAborted();
      const { rows } = await client.query<{ key: string; acked_at: Date }>(
        'select o.key, a.acked_at from outbox o join outbox_acks a using (digest) where o.key = any($1)',
        [keys],
      );
      if (rows.length >= leavers.length)
        return new Map(
          rows.map(({ key, acked_at }) => [
            key.split('/')[2] ?? '',
            acked_at.getTime() + toMachine,
          ]),
        );
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await client.end();
  }
}
