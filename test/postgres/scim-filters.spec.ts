// P7: nobody is found but those who are meant. An independent implementation (scim2-parse-filter) judges the same people.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Tester, type Filter as TheirFilter } from 'scim2-parse-filter';
import { PostgresGroups } from '../../src/directory/postgres/postgres-groups.js';
import { PostgresResources } from '../../src/directory/postgres/postgres-resources.js';
import { groupsFirst } from '../../src/directory/postgres/groups-first.js';
import { bindingTo, condition } from '../../src/directory/postgres/filter-sql.js';
import type { Resource, ScimPlace } from '../../src/directory/resources.js';
import { newId } from '../../src/kernel/ids.js';
import { presentUser } from '../../src/scim/present/user.js';
import { readCreate } from '../../src/scim/read/edit.js';
import { readSearchRequest } from '../../src/scim/read/search-request.js';
import { ENTERPRISE_SCHEMA } from '../../src/scim/read/user-schema.js';
import { World } from '../support/world.js';

const PEOPLE = 60;
const FILTERS = 2_000;
const CROWD = 20_000;
const ENTERPRISE = ENTERPRISE_SCHEMA.id;

let world: World;
let place: ScimPlace;
let people: readonly Person[];

/** Few words, so that filters meet people; signs that mean something to LIKE, to SQL, to JSON and to regular expressions. */
const WORDS = [
  'a',
  'ab',
  'b',
  'a_b',
  'axb',
  'a%b',
  '%',
  '_',
  "'",
  '"',
  '\\',
  'a\\',
  '.*',
  '$1',
  'ä',
  'é',
  '{',
  ' a',
];
const TYPES = ['work', 'home', 'other'];

/** The same word in another case of letters, as people are stored and as filters are sent. */
const shouted = (word: string, loud: boolean): string => (loud ? word.toUpperCase() : word);

interface Person {
  readonly id: string;
  /** As an IdP that knows no case sees it. */
  readonly plain: Readonly<Record<string, unknown>>;
}

const word = fc.constantFrom(...WORDS);
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined });
const element = fc.record({
  value: word,
  type: maybe(fc.constantFrom(...TYPES)),
  primary: maybe(fc.boolean()),
});

/** One person, in words of lower case where case means nothing. */
const someone = fc.record({
  active: fc.boolean(),
  externalId: maybe(fc.constantFrom('a', 'A', 'ab')),
  profileUrl: maybe(fc.constantFrom('a', 'A', 'ab')),
  displayName: maybe(word),
  title: maybe(word),
  name: maybe(fc.record({ familyName: word, givenName: maybe(word) })),
  emails: maybe(
    fc.uniqueArray(element, { minLength: 1, maxLength: 3, selector: ({ value }) => value }),
  ),
  photos: maybe(fc.tuple(fc.record({ value: fc.constantFrom('a', 'A') }))),
  department: maybe(word),
  manager: maybe(word),
});

const EXACT = ['externalId', 'profileUrl', 'photos'];

const changed = (value: unknown, change: (text: string) => string): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, each: unknown) => (typeof each === 'string' ? change(each) : each)),
  );

/** Every text of a resource in capitals, or in lower case, but those that have case. */
const inCase = (
  resource: Readonly<Record<string, unknown>>,
  change: (text: string) => string,
): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(resource).map(([name, value]) => [
      name,
      EXACT.includes(name) || value === undefined ? value : changed(value, change),
    ]),
  );

async function joins(body: Readonly<Record<string, unknown>>): Promise<void> {
  const created = readCreate(JSON.parse(JSON.stringify(body)));
  if (!('image' in created)) throw created.refused;
  const outcome = await world.heart.changeResource({
    kind: 'create',
    origin: { ...place, requestId: newId(), receivedAt: new Date() },
    ...created,
  });
  expect(outcome.kind).toBe('done');
}

/** As somebody sees them who knows no case, with what the RFC takes for granted. */
function plainly(resource: Resource): Record<string, unknown> {
  const shown = presentUser(resource, 'http://scim.example', { kind: 'whole' });
  const plain = inCase(shown, (text) => text.toLowerCase());
  const emails = plain['emails'] as object[] | undefined;
  return { ...plain, emails: emails?.map((each) => ({ primary: false, ...each })) };
}

beforeAll(async () => {
  world = await World.open();
  const organization = await world.organization();
  place = { organization, connection: await world.connection(organization) };
  const everyone = fc.sample(someone, { numRuns: PEOPLE, seed: 7 });
  for (const [n, { department, manager, ...one }] of everyone.entries()) {
    const extension = { department, ...(manager !== undefined && { manager: { value: manager } }) };
    const body = { ...one, userName: `${WORDS[n % WORDS.length]}${n}`, [ENTERPRISE]: extension };
    await joins(n % 2 === 0 ? body : inCase(body, (text) => text.toUpperCase()));
  }
  const { items } = await everybody();
  for (const [n, word] of ['a', 'ab', 'A_b'].entries())
    await hasGroup(
      place,
      word,
      items.filter((_, at) => at % (n + 2) === 0).map(({ id }) => id),
    );
  const groups = await new PostgresGroups(world.transactions).ofPeople(
    place,
    items.map(({ id }) => id),
    null,
  );
  people = items.map((resource) => {
    const told = groups.get(resource.id)!.map(({ id, displayName }) => ({
      value: id,
      display: displayName.toLowerCase(),
    }));
    // An empty list is a missing one (RFC 7643 §2.5).
    const plain = { ...plainly(resource), ...(told.length > 0 && { groups: told }) };
    return { id: resource.id, plain };
  });
});

afterAll(() => world.close());

async function hasGroup(
  { organization, connection }: ScimPlace,
  displayName: string,
  members: readonly string[],
): Promise<void> {
  await world.query(
    `with g as (insert into groups (id, organization_id, connection_id, display_name, display_name_key, version, created_at, changed_at)
                values (gen_random_uuid(), $1, $2, $3, lower($3), 1, now(), now()) returning id)
     insert into group_members (organization_id, group_id, value, resource_id, user_id, added_at)
     select $1, g.id, r.id::text, r.id, r.user_id, now() from g, resources r where r.id = any($4::uuid[])`,
    [organization, connection, displayName, members],
  );
}

const resources = () => new PostgresResources(world.transactions);
const ask = (query: object) => {
  return resources().find(place, readSearchRequest(query), { offset: 0, limit: 1_000 });
};
const everybody = () => ask({});

/** The other one asks a list as a whole, so that two elements together could meet `[… and …]` (RFC 7644 §3.4.2.2). */
class ByElement extends Tester {
  override test(held: Readonly<Record<string, unknown>>, asked: TheirFilter): boolean {
    if (asked.op !== '[]') return super.test(held, asked);
    const elements = (held[asked.attrPath] ?? []) as Readonly<Record<string, unknown>>[];
    return elements.some((each) => this.test(each, asked.valFilter));
  }
}

const judge = new ByElement();

/** A filter as it is sent, and what it means in the other implementation's words. */
interface Pair {
  readonly sent: string;
  readonly theirs: TheirFilter;
}

const quoted = (value: string) => JSON.stringify(value);
const TEXT_WORDS = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'] as const;
const present = (attrPath: string): TheirFilter => ({ op: 'pr', attrPath });
const negated = (filter: TheirFilter): TheirFilter => ({ op: 'not', filter });

/** The other one takes what is missing for unequal to nothing; RFC 7643 §2.5 has null, and `ne` is not `eq`. */
const compares = (
  attrPath: string,
  op: (typeof TEXT_WORDS)[number],
  compValue: string | boolean,
): TheirFilter =>
  op === 'ne' ? negated({ op: 'eq', attrPath, compValue }) : { op, attrPath, compValue };

const textTerm = (
  names: readonly string[],
  values: fc.Arbitrary<string>,
  hasCase: boolean,
): fc.Arbitrary<Pair> =>
  fc
    .record({
      name: fc.constantFrom(...names),
      op: fc.constantFrom(...TEXT_WORDS),
      value: values,
      loud: fc.boolean(),
      odd: fc.boolean(),
    })
    .map(({ name, op, value, loud, odd }) => ({
      sent: `${odd ? name.toUpperCase() : name} ${odd ? op.toUpperCase() : op} ${quoted(hasCase ? value : shouted(value, loud))}`,
      theirs: compares(name, op, value),
    }));

const presentTerm = (names: readonly string[]): fc.Arbitrary<Pair> =>
  fc
    .constantFrom(...names)
    .chain((name) =>
      fc.constantFrom<Pair>(
        { sent: `${name} pr`, theirs: present(name) },
        { sent: `${name} eq null`, theirs: negated(present(name)) },
        { sent: `${name} ne NULL`, theirs: present(name) },
      ),
    );

const flagTerm = (name: string): fc.Arbitrary<Pair> =>
  fc.tuple(fc.constantFrom('eq', 'ne'), fc.boolean(), fc.boolean()).map(([op, value, isText]) => ({
    sent: `${name} ${op} ${isText ? quoted(String(value)) : String(value)}`,
    theirs: compares(name, op, value),
  }));

const joined = (term: fc.Arbitrary<Pair>, depth: number): fc.Arbitrary<Pair> =>
  fc.letrec<{ tree: Pair }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: depth, depthSize: 'small', withCrossShrink: true },
      term,
      tie('tree').map(({ sent, theirs }) => ({ sent: `not (${sent})`, theirs: negated(theirs) })),
      fc
        .tuple(fc.constantFrom('and', 'or'), fc.array(tie('tree'), { minLength: 2, maxLength: 3 }))
        .map(([op, parts]) => ({
          sent: parts.map(({ sent }) => `(${sent})`).join(` ${op} `),
          theirs: { op: op, filters: parts.map(({ theirs }) => theirs) },
        })),
    ),
  })).tree;

const emailTerm = fc.oneof(
  textTerm(['value'], word, false),
  textTerm(['type'], fc.constantFrom(...TYPES), false),
  flagTerm('primary'),
  presentTerm(['value', 'type', 'display']),
);

const inList = (attrPath: string, inner: TheirFilter): TheirFilter => ({
  op: '[]',
  attrPath,
  valFilter: inner,
});

const listTerm = fc.oneof(
  joined(emailTerm, 2).map(({ sent, theirs }) => ({
    sent: `emails[${sent}]`,
    theirs: inList('emails', theirs),
  })),
  fc.tuple(joined(emailTerm, 1), textTerm(['value'], word, false)).map(([one, then]) => ({
    sent: `emails[${one.sent}].${then.sent}`,
    theirs: inList('emails', { op: 'and', filters: [one.theirs, then.theirs] }),
  })),
  // A list by its name means its values.
  fc
    .tuple(fc.constantFrom('emails', 'emails.value'), textTerm(['value'], word, false))
    .map(([name, { sent, theirs }]) => ({
      sent: sent.replace(/^value/i, name),
      theirs: inList('emails', theirs),
    })),
  textTerm(['value'], fc.constantFrom('a', 'A'), true).map(({ sent, theirs }) => ({
    sent: `photos.${sent}`,
    theirs: inList('photos', theirs),
  })),
);

const groupTerm = fc.oneof(
  joined(
    fc.oneof(
      textTerm(['display'], fc.constantFrom('a', 'ab', 'a_b', 'b'), false),
      presentTerm(['value', 'display']),
    ),
    2,
  ).map(({ sent, theirs }) => ({ sent: `groups[${sent}]`, theirs: inList('groups', theirs) })),
  textTerm(['display'], fc.constantFrom('a', 'ab', 'a_b', 'b'), false).map(({ sent, theirs }) => ({
    sent: `groups.${sent}`,
    theirs: inList('groups', theirs),
  })),
  presentTerm(['groups']),
);

const term: fc.Arbitrary<Pair> = fc.oneof(
  {
    weight: 4,
    arbitrary: textTerm(
      [
        'displayName',
        'title',
        'name.familyName',
        'name.givenName',
        'userName',
        `${ENTERPRISE}:department`,
        `${ENTERPRISE}:manager.value`,
      ],
      word,
      false,
    ),
  },
  textTerm(['externalId', 'profileUrl'], fc.constantFrom('a', 'A', 'ab', 'b'), true),
  presentTerm([
    'displayName',
    'title',
    'name',
    'name.givenName',
    'externalId',
    'emails',
    'photos',
    'nickName',
    `${ENTERPRISE}:department`,
  ]),
  flagTerm('active'),
  { weight: 4, arbitrary: listTerm },
  { weight: 2, arbitrary: groupTerm },
);

/** No more than the parser takes: it counts comparisons and what encloses them. */
const asked = joined(term, 3).filter(
  ({ sent }) => (sent.match(/[([]|\b(?:and|or|not)\b/giu)?.length ?? 0) < 60,
);

describe('filters over people', () => {
  it('find whom an independent implementation finds', async () => {
    let [some, all] = [0, 0];
    await fc.assert(
      fc.asyncProperty(asked, async ({ sent, theirs }) => {
        const expected = people
          .filter(({ plain }) => judge.test(plain, theirs))
          .map(({ id }) => id);
        const found = await ask({ filter: sent });
        expect(found.items.map(({ id }) => id as string).sort()).toEqual([...expected].sort());
        expect(found.total).toBe(expected.length);
        some += Number(expected.length > 0 && expected.length < PEOPLE);
        all += 1;
      }),
      { numRuns: FILTERS },
    );
    // Else the filters would have proven nothing.
    expect(some / all).toBeGreaterThan(0.5);
  });

  it('find people by the times that they are shown with', async () => {
    const { items } = await everybody();
    const times = items.map(({ createdAt }) => createdAt.getTime());
    for (const [op, meets] of [
      ['eq', (a: number, b: number) => a === b],
      ['ne', (a: number, b: number) => a !== b],
      ['gt', (a: number, b: number) => a > b],
      ['ge', (a: number, b: number) => a >= b],
      ['lt', (a: number, b: number) => a < b],
      ['le', (a: number, b: number) => a <= b],
    ] as const)
      for (const at of [times[0]!, times[20]!, times.at(-1)!]) {
        const found = await ask({ filter: `meta.created ${op} "${new Date(at).toISOString()}"` });
        expect([op, found.total]).toEqual([op, times.filter((each) => meets(each, at)).length]);
      }
  });
});

describe('an index answers', () => {
  let crowded: ScimPlace;

  beforeAll(async () => {
    const { organization } = place;
    crowded = { organization, connection: await world.connection(organization) };
    await world.query(
      `with n as (select n, gen_random_uuid() as id from generate_series(1, $3::integer) as n),
            u as (insert into users (id, organization_id) select id, $1 from n)
       insert into resources (id, organization_id, connection_id, user_id, user_name, user_name_key, external_id, emails, active,
                              attributes, folded, version, created_at, changed_at)
       select id, $1, $2, id, n::text, n::text, n::text, array[n::text], true, d, d, 1, now(), now()
         from n, lateral (select jsonb_build_object(
                'displayName', n::text, 'emails', jsonb_build_array(jsonb_build_object('type', 'work', 'value', n::text))) as d) as d`,
      [organization, crowded.connection, CROWD],
    );
    await world.query('analyze resources');
  });

  it.each([
    ['userName eq "7"', 'user_name_key = '],
    ['externalId eq "7"', 'resources_external_id'],
    ['displayName eq "7"', 'resources_display_name'],
    ['emails.value eq "7"', 'resources_emails'],
    ['emails[type eq "work" and value eq "7"]', 'resources_emails'],
    ['emails[type eq "work"].value eq "7"', 'resources_emails'],
    ['active eq true and userName eq "7"', 'user_name_key = '],
    ['userName eq "7" or externalId eq "8"', 'resources_external_id'],
  ])('%s', async (sent, index) => {
    const values: unknown[] = [crowded.organization, crowded.connection];
    const text = condition(readSearchRequest({ filter: sent }).filter, bindingTo(values));
    const plan = await world.query(
      `explain select from resources r
        where r.organization_id = $1 and r.connection_id = $2 and r.deleted_at is null and ${text}`,
      values,
    );
    expect(JSON.stringify(plan)).toMatch(
      new RegExp(`${index}.*Index Cond|Index Cond[^,]*${index}`),
    );
    const asked = readSearchRequest({ filter: sent });
    expect((await resources().find(crowded, asked, { offset: 0, limit: 10 })).total).toBe(
      sent.includes(' or ') ? 2 : 1,
    );
  });

  it.each([
    ['rare', 3],
    ['all', CROWD],
  ])('for people of the group %s a page, and does not read everybody', async (name, size) => {
    if (!(await hasGroups())) await crowdIntoGroups();
    const asked = readSearchRequest({ filter: `groups.display eq "${name}"` });
    const filter = await world.transactions.read('service', (tx) =>
      groupsFirst(tx, crowded, asked.filter),
    );
    const values: unknown[] = [crowded.organization, crowded.connection];
    const text = condition(filter, bindingTo(values));
    const [plan] = await world.query<{ 'QUERY PLAN': [{ Plan: PlanNode }] }>(
      `explain (analyze, format json) select from resources r
        where r.organization_id = $1 and r.connection_id = $2 and r.deleted_at is null and ${text}
        order by r.created_at, r.id limit 10`,
      values,
    );
    expect(rowsRead(plan!['QUERY PLAN'][0].Plan)).toBeLessThan(CROWD / 10);
    const slice = { offset: 0, limit: 10 };
    expect((await resources().find(crowded, asked, slice)).total).toBe(size);
  });

  interface PlanNode {
    readonly 'Actual Rows': number;
    readonly 'Actual Loops': number;
    readonly 'Rows Removed by Filter'?: number;
    readonly 'Relation Name'?: string;
    readonly Plans?: readonly PlanNode[];
  }

  /** Of people, whether they met the filter or not. */
  const rowsRead = (node: PlanNode): number =>
    (node['Relation Name'] === 'resources'
      ? (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0)) * node['Actual Loops']
      : 0) + (node.Plans ?? []).reduce((sum, each) => sum + rowsRead(each), 0);

  const hasGroups = async (): Promise<boolean> =>
    (await world.query('select from groups where connection_id = $1', [crowded.connection]))
      .length > 0;

  async function crowdIntoGroups(): Promise<void> {
    const ids = await world.query<{ id: string }>(
      'select id from resources where connection_id = $1',
      [crowded.connection],
    );
    await hasGroup(
      crowded,
      'All',
      ids.map(({ id }) => id),
    );
    await hasGroup(
      crowded,
      'Rare',
      ids.slice(-3).map(({ id }) => id),
    );
    await world.query('analyze group_members');
  }

  it('also to names that are too long for an index', async () => {
    const name = 'ä'.repeat(100_000);
    for (const each of [`${name}b`, `${name}c`])
      await joins({ userName: each.slice(-1), displayName: each });
    const found = await ask({ filter: `userName eq "c" and displayName pr` });
    expect(found.total).toBe(1);
    expect(found.items[0]?.attributes['displayName']).toBe(`${name}c`);
  });
});
