// P2: dead stays dead, including what raced the revocation. P8: a deprovision is never throttled behind other work.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { OpenApiKey } from '../../../src/api-keys/index.js';
import type { AccessTokenClaims, Generations } from '../../../src/contract/access-token.js';
import { DomainError } from '../../../src/kernel/domain-error.js';
import { newId, type ConnectionId, type OrganizationId } from '../../../src/kernel/ids.js';
import { eventually } from '../../support/eventually.js';
import { asking, DeviceWorld, mark, type Employee } from '../../support/device-world.js';
import { casesMet, toldOtherwise } from '../../support/told.js';

let at: DeviceWorld;
let organization: OrganizationId;
let connection: ConnectionId;
let key: OpenApiKey;

beforeAll(async () => {
  at = await DeviceWorld.open();
});
afterAll(() => at.close());
beforeEach(async () => {
  organization = await at.world.organization();
  connection = await at.world.connection(organization);
  key = await at.apiKey(organization);
});

/** What clients were told, in the order in which they were told it. */
interface Told {
  readonly user: string;
  readonly bootstrap?: { readonly text: string; readonly device: string };
  readonly refresh?: string;
  readonly claims?: AccessTokenClaims;
}

/** Devices of a few people that enrol and refresh as fast as they can, and keep all that they ever get. */
class Crowd {
  readonly told: Told[] = [];
  /** Answers that were neither a yes nor a no. */
  readonly troubles: unknown[] = [];
  #stop = false;
  #workers: Promise<void>[] = [];
  #goals: { readonly count: number; readonly reached: () => void }[] = [];

  start(people: readonly Employee[], devicesEach: number): void {
    this.#workers = people.flatMap((person) =>
      Array.from({ length: devicesEach }, () => this.#work(person)),
    );
  }

  async stop(): Promise<void> {
    this.#stop = true;
    await Promise.all(this.#workers);
    expect(this.troubles).toEqual([]);
  }

  /** Resolves when this many more things have been told. */
  more(count: number): Promise<void> {
    return new Promise((reached) => {
      this.#goals.push({ count: this.told.length + count, reached });
    });
  }

  #tell(told: Told): void {
    this.told.push(told);
    for (const { count, reached } of this.#goals) if (this.told.length >= count) reached();
    this.#goals = this.#goals.filter(({ count }) => this.told.length < count);
  }

  async #work({ user }: Employee): Promise<void> {
    const device = newId<string>();
    while (!this.#stop) {
      try {
        const text = await at.issue(key, device, { id: user });
        this.#tell({ user, bootstrap: { text, device } });
        let answer = await at.redeem(text, device);
        for (let i = 0; i < 4; i += 1) {
          this.#tell({ user, refresh: answer.refreshToken.reveal(), claims: answer.claims });
          answer = await at.refresh(answer);
        }
        // One is left unredeemed: it must die as well.
        this.#tell({
          user,
          bootstrap: { text: await at.issue(key, device, { id: user }), device },
        });
      } catch (error) {
        const isRefused = error instanceof DomainError && error.sort !== 'unavailable';
        if (!isRefused) this.troubles.push(error);
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
  }
}

let crowd: Crowd;
beforeEach(() => {
  crowd = new Crowd();
});
afterEach(() => crowd.stop());

/** Every present generation, by the subject's id: what gateways compare access tokens with. */
async function presentGenerations(): Promise<ReadonlyMap<string, number>> {
  const found = await at.world.query<{ subject_id: string; generation: string }>(
    'select subject_id, generation from subject_generations where organization_id = $1',
    [organization],
  );
  return new Map(found.map((row) => [row.subject_id, Number(row.generation)]));
}

function presentOf(now: ReadonlyMap<string, number>, claims: AccessTokenClaims): Generations {
  const of = (id: string): number => now.get(id) ?? Infinity;
  return { o: of(claims.org), u: of(claims.sub), d: of(claims.did), f: of(claims.fam) };
}

/** Tries everything: whatever was told must be of no use any more. */
async function expectDead(told: readonly Told[]): Promise<void> {
  expect(told.length).toBeGreaterThan(0);
  const now = await presentGenerations();
  const alive = told.flatMap(({ claims }) => {
    if (claims === undefined) return [];
    const { o, u, d, f } = presentOf(now, claims);
    const { gen } = claims;
    return gen.o < o || gen.u < u || gen.d < d || gen.f < f ? [] : [claims];
  });
  expect(alive).toEqual([]);
  const answers = await Promise.allSettled(
    told.flatMap(({ bootstrap, refresh }) => [
      ...(bootstrap === undefined ? [] : [at.redeem(bootstrap.text, bootstrap.device)]),
      ...(refresh === undefined ? [] : [at.refresh(refresh)]),
    ]),
  );
  const wrong = answers.filter(
    (answer) => answer.status === 'fulfilled' || !isNo(answer.reason, 'token.invalid'),
  );
  expect(wrong).toEqual([]);
}

/**
 * Device tokens that are dead and not marked so: issued behind a revocation's back. Their generations keep them
 * from working; the report of the case would miss them.
 */
async function unmarked(): Promise<unknown[]> {
  return at.world.query(
    `select t.id, t.gen_o, t.gen_u, t.redeemed_at from device_tokens t
       join subject_generations o on o.scope = 'org' and o.subject_id = t.organization_id
       join subject_generations u on u.scope = 'user' and u.subject_id = t.user_id
      where t.organization_id = $1 and t.revoked_at is null
        and (t.gen_o < o.generation or t.gen_u < u.generation)`,
    [organization],
  );
}

const isNo = (error: unknown, code: string): boolean =>
  error instanceof DomainError && error.code === code;

const hire = (count: number): Promise<Employee[]> =>
  Promise.all(Array.from({ length: count }, () => at.employee(organization, connection)));
const revokeOrganization = () =>
  at.world.heart.revokeSubject({
    organization,
    scope: 'org',
    id: organization,
    kind: 'incident',
    reason: 'drill',
    hold: false,
    actor: asking.actor,
    ...mark(),
  });

const ROUNDS = Array.from({ length: 20 }, (_, i) => i);

/** Each person issues, redeems and refreshes on three devices in the moment of the revocation. */
async function raceOnce(
  people: readonly Employee[],
  revoke: () => Promise<unknown>,
  keepsOut: boolean,
): Promise<void> {
  const ready = await Promise.all(
    people.flatMap(({ user }) =>
      [1, 2, 3].map(async () => {
        const device = newId<string>();
        const redeemable = await at.issue(key, device, { id: user });
        const refreshable = await at.redeem(await at.issue(key, device, { id: user }), device);
        return { user, device, redeemable, refreshable };
      }),
    ),
  );
  const told: Told[] = ready.flatMap(({ user, device, redeemable, refreshable }) => [
    { user, bootstrap: { text: redeemable, device } },
    { user, refresh: refreshable.refreshToken.reveal(), claims: refreshable.claims },
  ]);
  // Where the revocation keeps people out, nothing that is answered in its moment may live; else some of it may have
  // been issued after it.
  const racing = ready.flatMap(({ user, device, redeemable, refreshable }) => [
    at
      .issue(key, device, { id: user })
      .then((text) => keepsOut && told.push({ user, bootstrap: { text, device } })),
    ...[at.redeem(redeemable, device), at.refresh(refreshable)].map((answer) =>
      answer.then(
        ({ claims, refreshToken }) =>
          keepsOut && told.push({ user, claims, refresh: refreshToken.reveal() }),
      ),
    ),
  ]);
  const outcomes = Promise.allSettled(racing);
  await revoke();
  for (const outcome of await outcomes)
    if (outcome.status === 'rejected')
      expect(outcome.reason).toMatchObject({ name: 'DomainError' });
  await expectDead(told);
  expect(await unmarked()).toEqual([]);
}

describe('against a deprovision', () => {
  it('nothing that was ever told to the devices of the person who left works, and everybody else goes on', async () => {
    const people = await hire(4);
    crowd.start(people, 5);
    await crowd.more(40);
    const [gone, ...staying] = people as [Employee, ...Employee[]];
    await at.say(false, gone);
    await crowd.more(40);
    await crowd.stop();
    await expectDead(crowd.told.filter(({ user }) => user === gone.user));
    expect(await unmarked()).toEqual([]);
    const now = await presentGenerations();
    for (const { user } of staying) {
      const last = crowd.told.findLast((told) => told.user === user && told.claims !== undefined);
      expect(last!.claims!.gen).toEqual(presentOf(now, last!.claims!));
    }
  });

  it.each(ROUNDS)('round %i: neither does what was asked for in the same moment', async () => {
    const people = await hire(3);
    await raceOnce(people, () => Promise.all(people.map((person) => at.say(false, person))), true);
  });
});

describe('against a deprovision and a return', () => {
  it('what was told before stays dead, and the person can enrol again', async () => {
    const people = await hire(3);
    crowd.start(people, 5);
    let before = 0;
    for (let round = 0; round < 5; round += 1) {
      await crowd.more(30);
      before = crowd.told.length;
      await Promise.all(people.map((person) => at.say(false, person)));
      await Promise.all(people.map((person) => at.say(true, person)));
    }
    const old = crowd.told.splice(0, before);
    // Nobody is held any more: they all get tokens again.
    crowd.told.length = 0;
    for (const { user } of people)
      while (!crowd.told.some((told) => told.user === user && told.claims !== undefined))
        await crowd.more(1);
    await crowd.stop();
    await expectDead(old);
    expect(await unmarked()).toEqual([]);
  });

  it('in any order of words: a token lives exactly if its user generation is the present one', async () => {
    const deed = fc.constantFrom('issue', 'redeem', 'refresh', 'gone', 'back');
    await fc.assert(
      fc.asyncProperty(fc.array(deed, { minLength: 1, maxLength: 14 }), async (deeds) => {
        const [person] = (await hire(1)) as [Employee];
        const device = newId<string>();
        const bootstraps: { text: string; generation: number }[] = [];
        const secrets: { text: string; generation: number }[] = [];
        let isActive = true;
        for (const name of deeds) {
          const generation = await at.world.generation('user', person.user);
          const quietly = async <T>(work: Promise<T>): Promise<T | null> => work.catch(() => null);
          if (name === 'gone' || name === 'back') {
            isActive = name === 'back';
            await at.say(isActive, person);
          } else if (name === 'issue') {
            const text = await quietly(at.issue(key, device, { id: person.user }));
            expect(text !== null).toBe(isActive);
            if (text !== null) bootstraps.push({ text, generation });
          } else if (name === 'redeem') {
            const next = bootstraps.pop();
            if (next === undefined) continue;
            const answer = await quietly(at.redeem(next.text, device));
            expect(answer !== null).toBe(isActive && next.generation === generation);
            if (answer !== null) secrets.push({ text: answer.refreshToken.reveal(), generation });
          } else {
            const next = secrets.pop();
            if (next === undefined) continue;
            const answer = await quietly(at.refresh(next.text));
            expect(answer !== null).toBe(isActive && next.generation === generation);
            if (answer !== null) secrets.push({ text: answer.refreshToken.reveal(), generation });
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('against the revocation of the whole organization', () => {
  it('nothing that was told before works, and the revoker gets its turn while the crowd goes on', async () => {
    crowd.start(await hire(4), 6);
    let before = 0;
    for (let round = 0; round < 5; round += 1) {
      await crowd.more(30);
      before = crowd.told.length;
      expect(await revokeOrganization()).not.toBeNull();
    }
    await crowd.stop();
    await expectDead(crowd.told.slice(0, before));
    expect(await unmarked()).toEqual([]);
    expect(await at.world.generation('org', organization)).toBe(6);
  });

  it.each(ROUNDS)('round %i: nor in its moment, and none is issued behind its back', async () => {
    await raceOnce(await hire(3), revokeOrganization, false);
  });

  it('and another organization does not notice', async () => {
    const other = await at.world.organization();
    const stranger = await at.employee(other, await at.world.connection(other));
    const by = await at.apiKey(other);
    const answer = await at.redeem(await at.issue(by, 'theirs', { id: stranger.user }), 'theirs');
    await revokeOrganization();
    await expect(at.refresh(answer)).resolves.toBeDefined();
  });
});

describe('against the end of an API key', () => {
  it('nothing that came through it works', async () => {
    const spare = await at.apiKey(organization);
    const people = await hire(2);
    const given = key;
    crowd.start(people, 5);
    await crowd.more(30);
    const operator = { organization, actor: asking.actor, ...mark() };
    await at.world.heart.revokeApiKey(operator, { key: given.key, reason: 'leaked' });
    await crowd.stop();
    await expectDead(crowd.told);
    key = spare;
    const [person] = people as [Employee];
    await expect(at.issue(spare, 'again', { id: person.user })).resolves.toBeDefined();
    expect(await casesMet(at.world)).toContain('admin api_key');
    expect(await toldOtherwise(at.world)).toEqual([]);
  });
});

describe('a person whose devices never pause', () => {
  it('leaves all the same: forty devices that refresh without end let few pass before the deprovision', async () => {
    const [person] = (await hire(1)) as [Employee];
    let passed = 0;
    let isOver = false;
    const devices = Array.from({ length: 40 }, () => newId<string>());
    const first = await Promise.all(
      devices.map(async (device) =>
        at.redeem(await at.issue(key, device, { id: person.user }), device),
      ),
    );
    const workers = first.map(async (answer) => {
      while (!isOver) {
        answer = await at.refresh(answer);
        passed += 1;
      }
    });
    await eventually(() => passed >= 100);
    const before = passed;
    await at.say(false, person);
    // Those who were in line before it, one per connection of the pool; it was 1,200 when nobody stood in line.
    expect(passed - before).toBeLessThan(100);
    isOver = true;
    for (const outcome of await Promise.allSettled(workers))
      if (outcome.status === 'rejected')
        expect(outcome.reason).toMatchObject({ code: 'token.invalid' });
  });
});
