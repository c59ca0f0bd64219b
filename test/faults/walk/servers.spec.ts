// P1: every 2xx was durable; P6: our trouble is a 503, and the broker's is nobody's: servers that die under load.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import pg from 'pg';
import { bearer, call } from '../../../src/cli/demo/client.js';
import { gather, type Cast } from '../../../src/cli/demo/cast.js';
import { leaveByEntra, leaveByOktaHook } from '../../../src/cli/demo/goodbyes.js';
import { newId } from '../../../src/kernel/ids.js';
import { eventually } from '../../support/eventually.js';
import {
  privateKafka,
  privatePostgres,
  type PrivateKafka,
  type PrivatePostgres,
} from '../../support/private-servers.js';
import { booksOf, discrepancies, type Onlooker } from '../../support/reconcile.js';
import { RunningGateway } from '../../support/running-gateway.js';
import { ServiceProcess } from '../../support/service-process.js';
import type { TestDatabase } from '../../support/test-database.js';

const LONG = 180_000;
const ORGANIZATIONS = 4;

let kafka: PrivateKafka;
let postgres: PrivatePostgres;
let database: TestDatabase;
let service: ServiceProcess;
let gateway: RunningGateway;
let onlooker: Onlooker;

beforeAll(async () => {
  [kafka, postgres] = await Promise.all([privateKafka(), privatePostgres()]);
  database = await postgres.createDatabase();
  onlooker = {
    query: async <R extends object>(text: string, values: unknown[]) => {
      const client = new pg.Client({ connectionString: database.superuserUrl });
      await client.connect();
      try {
        return (await client.query<R>(text, values)).rows;
      } finally {
        await client.end();
      }
    },
  };
  service = await ServiceProcess.start({
    databaseUrl: database.serviceUrl,
    brokers: kafka.address,
  });
  const { key } = await call(`${service.url}/v1/gateways`, {
    method: 'POST',
    headers: bearer(service.adminKey),
    body: { name: 'north' },
    expect: 201,
  });
  const at = { url: service.url, key: key as string };
  gateway = new RunningGateway({ brokers: kafka.address, service: at });
  await eventually(() => gateway.gateway.isReady);
}, LONG);

afterAll(async () => {
  await gateway.stop();
  await service.stop();
  await postgres.stop();
  await kafka.stop();
}, LONG);

/** IdPs that never tire of saying that somebody is gone. */
class Idps {
  /** What each request was answered, by whom it was about. */
  readonly #answers: { readonly user: string; readonly answer: string }[] = [];
  readonly #stop = new AbortController();
  readonly #going: Promise<unknown>;

  constructor(readonly casts: readonly Cast[]) {
    this.#going = Promise.all(
      casts.flatMap((cast) => [
        this.#keepSaying(cast.people['ada']!, () => leaveByEntra(cast, 'ada')),
        this.#keepSaying(cast.people['bob']!, () => leaveByOktaHook(cast, 'bob', newId())),
      ]),
    );
  }

  count(answer: RegExp): number {
    return this.#answers.filter((one) => answer.test(one.answer)).length;
  }

  /** Until so many more have been answered so. */
  async more(answer: RegExp, many: number): Promise<void> {
    const goal = this.count(answer) + many;
    await eventually(() => this.count(answer) >= goal);
  }

  about(user: string): { readonly taken: number; readonly sent: number } {
    const own = this.#answers.filter((one) => one.user === user);
    return { taken: own.filter(({ answer }) => answer === '2xx').length, sent: own.length };
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#going;
  }

  async #keepSaying(user: string, say: () => Promise<unknown>): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const answer = await say().then(
        () => '2xx',
        (error: unknown) => /answered (\d+)/u.exec(String(error))?.[1] ?? String(error),
      );
      this.#answers.push({ user, answer });
    }
  }
}

const casts = (): Promise<Cast[]> =>
  Promise.all(Array.from({ length: ORGANIZATIONS }, () => gather(service.url, service.adminKey)));

/** Each answer that was given is found again, once, in every book, and at the gateway. */
async function expectKept(idps: Idps): Promise<void> {
  for (const cast of idps.casts) {
    for (const name of ['ada', 'bob']) {
      const user = cast.people[name]!;
      const [found] = await onlooker.query<{ cases: number; generation: number; live: number }>(
        `select (select count(*)::integer from cases where user_id = $1) as cases,
                (select generation::integer from subject_generations where scope = 'user' and subject_id = $1) as generation,
                (select count(*)::integer from device_tokens where user_id = $1 and revoked_at is null) as live`,
        [user],
      );
      const { taken, sent } = idps.about(user);
      expect(found!.cases).toBeGreaterThanOrEqual(taken);
      expect(found!.cases).toBeLessThanOrEqual(sent);
      expect(found).toMatchObject({ generation: 1 + found!.cases, live: 0 });
    }
    expect(await discrepancies(onlooker, cast.organization)).toEqual([]);
    await eventually(async () => {
      const { records, acked } = await booksOf(onlooker, cast.organization);
      return records === acked;
    });
    const outcomes = (): string[] =>
      cast.seats.map(({ person, token }) => `${person} ${gateway.outcome(token)}`);
    const expected = cast.seats.map(({ person }) =>
      person === 'cleo' ? 'cleo allow' : `${person} deny: revoked.user`,
    );
    await eventually(() => outcomes().join() === expected.join());
  }
}

it(
  'PostgreSQL is stopped with `immediate`: 503 while it is away, and nothing that was answered is lost',
  async () => {
    const idps = new Idps(await casts());
    await idps.more(/2xx/u, 100);
    await postgres.kill();
    await idps.more(/503/u, 50);
    await postgres.restart();
    await idps.more(/2xx/u, 100);
    await idps.stop();
    expect(idps.count(/./u) - idps.count(/2xx|503/u)).toBe(0);
    await expectKept(idps);
  },
  LONG,
);

it(
  'the broker is killed: every request is answered as ever, and gateways hear of all of them afterwards',
  async () => {
    const idps = new Idps(await casts());
    await idps.more(/2xx/u, 100);
    await kafka.kill();
    await idps.more(/2xx/u, 100);
    await kafka.restart();
    await idps.more(/2xx/u, 100);
    await idps.stop();
    expect(idps.count(/./u) - idps.count(/2xx/u)).toBe(0);
    await expectKept(idps);
  },
  LONG,
);
