import pg from 'pg';
import { newId } from '../src/kernel/ids.js';
import type { Bench, Conditions } from './frame/bench.js';
import { postgresFloor } from './frame/floors.js';
import type { Installation } from './frame/installation.js';
import { closedLoop, openLoop } from './frame/load.js';
import { found, seeding, settle, type Company } from './frame/seed.js';
import {
  judge,
  judgements,
  short,
  spread,
  table,
  type Judged,
  type Spread,
} from './frame/summary.js';

const SIZES = [1_000, 100_000];
const GROUPS = [10, 1_000, 100_000];
const PER_SECOND = 100;
const EACH = 400;
const PAGES_ON = 20;
/** More people take minutes to be written: that it goes on is said. */
const TOLD_FROM = 100_000;
const BULK = { requests: 10, operations: 1_000 };
const PATCH_OP = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

type Deeds =
  'get' | 'userName eq' | 'first page' | 'later page' | 'create' | 'deactivate' | 'floor';

interface Sized {
  readonly users: number;
  readonly spreads: Readonly<Record<Deeds, Spread>>;
}

/** One SCIM connection, asked as its IdP asks. */
class Client {
  readonly #installation: Installation;
  readonly #company: Company;

  constructor(installation: Installation, company: Company) {
    this.#installation = installation;
    this.#company = company;
  }

  /** @throws Error when the answer is no success */
  async send(
    method: string,
    path: string,
    body?: object,
  ): Promise<Readonly<Record<string, unknown>>> {
    const { url, secret } = this.#company.scim;
    const { status, text } = await this.#installation.http.send(
      url + path,
      {
        method,
        headers: {
          authorization: `Bearer ${secret}`,
          ...(body !== undefined && { 'content-type': 'application/scim+json' }),
        },
      },
      body && JSON.stringify(body),
    );
    if (status >= 300) throw new Error(`${method} answered ${status}: ${text}`);
    return text === '' ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>);
  }

  patch(path: string, ...Operations: readonly object[]) {
    return this.send('PATCH', path, { schemas: [PATCH_OP], Operations });
  }

  leave(user: string) {
    return this.patch(`/Users/${user}`, { op: 'Replace', path: 'active', value: 'False' });
  }
}

export const scim: Bench = {
  about:
    'SCIM requests at 100/s beside thousands of people, members of large groups, bulk requests',
  options: ['users'],
  run: async (how) => {
    const { say, stop, isQuick, option } = how;
    const installation = await how.installation();
    const most = option('users', 0);
    const sizes = [...SIZES, ...(most > 0 ? [most] : [])].map((n) => (isQuick ? n / 10 : n));
    const floor = await postgresFloor(
      installation,
      { seconds: 5, count: EACH, perSecond: PER_SECOND },
      stop,
    );
    const sized: Sized[] = [];
    const company = await found(installation);
    const people: string[] = [];
    for (const users of sizes) {
      say(`${users} people …`);
      const more = { people: users - people.length, tokensEach: 0 };
      for await (const some of seeding(installation, company, more)) {
        for (const { user } of some) people.push(user);
        if (users > TOLD_FROM) say(`  ${people.length} of ${users}`);
        stop.throwIfAborted();
      }
      await settle(installation);
      sized.push({ users, spreads: await ask(installation, company, people, how) });
    }
    const members = await changeGroups(installation, company, people, how);
    const rate = await bulk(new Client(installation, company), people, how);
    const budgets = judged(sized, members, rate);
    say(tableOf(sized, floor.transaction));
    say(
      `\n${table([
        ['one member more, group of', 'p50 ms', 'p99 ms'],
        ...members.map(({ size, took }) => [String(size), short(took.p50), short(took.p99)]),
      ])}`,
    );
    say(`\nbulk deactivations: ${short(rate)} operations/s`);
    say(`\n${judgements(budgets)}`);
    return { sized, floor, members, bulkPerSecond: rate, budgets };
  },
};

/** Any of them, the same ones in every run of one size. */
const some = (people: readonly string[], count: number, salt: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => people[(i * 7_919 + salt) % people.length] ?? '');

async function ask(
  installation: Installation,
  company: Company,
  people: readonly string[],
  { stop, isQuick }: Conditions,
): Promise<Readonly<Record<Deeds, Spread>>> {
  const client = new Client(installation, company);
  const pool = new pg.Pool({ connectionString: installation.databaseUrl, max: 4 });
  const count = isQuick ? EACH / 10 : EACH;
  const cursor = await cursorAt(client, PAGES_ON);
  const page = (more: string) => client.send('GET', `/Users?count=100&${more}`);
  const deeds: Readonly<Record<Deeds, (user: string) => Promise<unknown>>> = {
    floor: (user) =>
      pool.query({
        name: 'f',
        text: 'select attributes from resources where id = $1',
        values: [user],
      }),
    get: (user) => client.send('GET', `/Users/${user}`),
    'userName eq': (user) =>
      client.send(
        'GET',
        `/Users?filter=${encodeURIComponent(`userName eq "${user}@example.com"`)}`,
      ),
    'first page': () => page('cursor='),
    'later page': () => page(cursor === null ? 'cursor=' : `cursor=${encodeURIComponent(cursor)}`),
    create: () =>
      client.send('POST', '/Users', { userName: `${newId()}@example.com`, active: true }),
    deactivate: (user) => client.leave(user),
  };
  const spreads: [string, Spread][] = [];
  try {
    for (const [i, [name, deed]] of Object.entries(deeds).entries()) {
      const run = async (user: string): Promise<void> => {
        await deed(user);
      };
      const isPage = name.includes('page');
      await closedLoop(some(people, isPage ? 10 : count / 2, i * 131), 4, run, stop);
      const users = some(people, isPage ? count / 10 : count, i * 131 + 57);
      const done = await openLoop(users, isPage ? 5 : PER_SECOND, run, stop);
      spreads.push([name, spread(done.map(({ scheduledMs, endedMs }) => endedMs - scheduledMs))]);
    }
  } finally {
    await pool.end();
  }
  return Object.fromEntries(spreads) as Record<Deeds, Spread>;
}

async function cursorAt(client: Client, pages: number): Promise<string | null> {
  let cursor: unknown = '';
  for (let i = 0; i < pages && typeof cursor === 'string'; i += 1) {
    const page = await client.send('GET', `/Users?count=100&cursor=${encodeURIComponent(cursor)}`);
    cursor = page['nextCursor'];
  }
  return typeof cursor === 'string' ? cursor : null;
}

const FILL_GROUP = `
  insert into group_members (organization_id, group_id, value, resource_id, user_id, added_at)
  select organization_id, $2, id::text, id, user_id, clock_timestamp() from resources
   where connection_id = $1 and deleted_at is null order by resources.id limit $3`;

interface Grown {
  readonly size: number;
  readonly took: Spread;
}

async function changeGroups(
  installation: Installation,
  company: Company,
  people: readonly string[],
  { say, stop, isQuick }: Conditions,
): Promise<readonly Grown[]> {
  const client = new Client(installation, company);
  const owner = new pg.Client({ connectionString: installation.databaseUrl });
  await owner.connect();
  const grown: Grown[] = [];
  try {
    for (const size of GROUPS.map((n) => (isQuick ? Math.ceil(n / 10) : n))) {
      say(`a group of ${size} …`);
      const { id } = await client.send('POST', '/Groups', { displayName: `of ${size}` });
      await owner.query(FILL_GROUP, [company.connection, id, size]);
      await owner.query('analyze group_members');
      const grow = async (user: string): Promise<void> => {
        await client.patch(`/Groups/${String(id)}`, {
          op: 'Add',
          path: 'members',
          value: [{ value: user }],
        });
      };
      // One group is one row: whoever changes it waits for who changes it.
      const newcomers = people.slice(-EACH / 2);
      const done = await openLoop(newcomers, PER_SECOND / 4, grow, stop);
      grown.push({
        size,
        took: spread(done.map(({ scheduledMs, endedMs }) => endedMs - scheduledMs)),
      });
    }
  } finally {
    await owner.end();
  }
  return grown;
}

/** @returns operations a second */
async function bulk(
  client: Client,
  people: readonly string[],
  { say, stop, isQuick }: Conditions,
): Promise<number> {
  const requests = isQuick ? 1 : BULK.requests;
  say(`${requests * BULK.operations} deactivations in bulk …`);
  const leavers = people.slice(0, requests * BULK.operations);
  const parts = Array.from({ length: Math.ceil(leavers.length / BULK.operations) }, (_, i) =>
    leavers.slice(i * BULK.operations, (i + 1) * BULK.operations),
  );
  const ms = await closedLoop(
    parts,
    1,
    async (part) => {
      await client.send('POST', '/Bulk', {
        schemas: ['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],
        Operations: part.map((user) => ({
          method: 'PATCH',
          path: `/Users/${user}`,
          data: {
            schemas: [PATCH_OP],
            Operations: [{ op: 'replace', path: 'active', value: false }],
          },
        })),
      });
    },
    stop,
  );
  return (leavers.length * 1_000) / ms;
}

const FLAT = ['get', 'userName eq', 'create', 'deactivate'] as const;

function judged(
  sized: readonly Sized[],
  members: readonly Grown[],
  rate: number,
): readonly Judged[] {
  const [small] = sized;
  const large = sized.at(-1);
  if (small === undefined || large === undefined) return [];
  const allowed = large.users > 100_000 ? 2 : 1.2;
  const growth = FLAT.map((deed) =>
    judge(
      `${deed}: ${large.users} / ${small.users} people`,
      [large.spreads[deed].p50 / small.spreads[deed].p50, '×'],
      'lower',
      allowed,
    ),
  );
  const times = FLAT.flatMap((deed) => [
    judge(`${deed}, p50`, [large.spreads[deed].p50, 'ms'], 'lower', 4),
    judge(`${deed}, p99`, [large.spreads[deed].p99, 'ms'], 'lower', 15),
  ]);
  const [few, many] = [members[0]?.took.p50 ?? NaN, members.at(-1)?.took.p50 ?? NaN];
  return [
    ...growth,
    ...times,
    judge('first page, p50', [large.spreads['first page'].p50, 'ms'], 'lower', 100),
    judge('one member more: largest / smallest group', [many / few, '×'], 'lower', 1.2),
    judge('bulk', [rate, 'operations/s'], 'higher', 1_000),
  ];
}

function tableOf(sized: readonly Sized[], transaction: Spread): string {
  const names = Object.keys(sized[0]?.spreads ?? {}) as Deeds[];
  return table([
    ['p50 / p99 ms', ...sized.map(({ users }) => `${users} people`)],
    ...names.map((name) => [
      name === 'floor' ? 'bare pg, one row' : name,
      ...sized.map(({ spreads }) => `${short(spreads[name].p50)} / ${short(spreads[name].p99)}`),
    ]),
    [
      'bare pg, a write of seven trips',
      `${short(transaction.p50)} / ${short(transaction.p99)}`,
      ...sized.slice(1).map(() => ''),
    ],
  ]);
}
