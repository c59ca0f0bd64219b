// P2: dead stays dead; what is issued once works once, and what was replaced does not work beside its successor.
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { OpenApiKey } from '../../../src/api-keys/index.js';
import { ACCESS_EVENTS } from '../../../src/contract/access-event.js';
import { newId, type OrganizationId } from '../../../src/kernel/ids.js';
import { asking, DeviceWorld, mark, type Employee } from '../../support/device-world.js';
import { casesMet, toldOtherwise } from '../../support/told.js';

let at: DeviceWorld;
let organization: OrganizationId;
let key: OpenApiKey;
let anna: Employee;
let device: string;

beforeAll(async () => {
  at = await DeviceWorld.open();
  organization = await at.world.organization();
  key = await at.apiKey(organization);
  anna = await at.employee(organization, await at.world.connection(organization));
});
afterAll(() => at.close());
beforeEach(() => {
  device = newId<string>();
  at.cases.opened.length = 0;
  at.outbox.records.length = 0;
  at.world.publisher.offered.length = 0;
});

const invalid = { code: 'token.invalid' };
const redeemed = async (user: Employee = anna) =>
  at.redeem(await at.issue(key, device, { id: user.user }), device);
const entries = (subject: string): Promise<string[]> =>
  at.world
    .query<{ line: string }>(
      `select action || ' ' || outcome as line from audit.entry where subject_id = $1 order by at, id`,
      [subject],
    )
    .then((rows) => rows.map(({ line }) => line));
const deviceRow = async (): Promise<string> => {
  const [row] = await at.world.query<{ id: string }>(
    'select id from devices where device_id = $1',
    [device],
  );
  return row!.id;
};

describe('a bootstrap token', () => {
  it('is redeemed by exactly one of fifty who try at once', async () => {
    const token = await at.issue(key, device, { id: anna.user });
    const tries = await Promise.allSettled(
      Array.from({ length: 50 }, () => at.redeem(token, device)),
    );
    const [won, ...more] = tries.filter(({ status }) => status === 'fulfilled');
    expect(won).toBeDefined();
    expect(more).toEqual([]);
    for (const lost of tries)
      if (lost.status === 'rejected') expect(lost.reason).toMatchObject(invalid);
  });

  it('that has expired is refused', async () => {
    const token = await at.issue(key, device, { id: anna.user }, 60);
    await at.world.query(`update device_tokens set bootstrap_expires_at = clock_timestamp()`);
    await expect(at.redeem(token, device)).rejects.toMatchObject(invalid);
  });

  it('is not used up by a device that it does not belong to', async () => {
    const token = await at.issue(key, device, { id: anna.user });
    await expect(at.redeem(token, 'another')).rejects.toMatchObject({
      code: 'token.bound_elsewhere',
    });
    expect((await at.redeem(token, device)).deviceIdentifier).toBe(device);
  });

  it('with another secret under the same id is refused', async () => {
    const token = await at.issue(key, device, { id: anna.user });
    const id = at.secrets.parse('bootstrap', token)!.id;
    const forged = at.secrets.mint('bootstrap', id).text.reveal();
    await expect(at.redeem(forged, device)).rejects.toMatchObject(invalid);
    await expect(at.redeem(token, device)).resolves.toBeDefined();
  });

  it('and all its refresh secrets are nowhere in the database', async () => {
    const token = await at.issue(key, device, { id: anna.user });
    const first = await at.redeem(token, device);
    const next = await at.refresh(first);
    const tables = await at.world.query<{ name: string }>(
      `select format('%I.%I', schemaname, tablename) as name from pg_tables
        where schemaname in ('public', 'audit')`,
    );
    const dump: string[] = [];
    for (const { name } of tables) {
      const rows = await at.world.query<{ line: string }>(`select t::text as line from ${name} t`);
      dump.push(...rows.map(({ line }) => line));
    }
    expect(dump.join('\n')).toContain(device);
    for (const text of [token, first.refreshToken.reveal(), next.refreshToken.reveal()]) {
      const secret = text.slice(-49, -6);
      expect(dump.filter((line) => line.includes(secret))).toEqual([]);
      const raw = Buffer.from(
        at.secrets.bytesOf(at.secrets.parse(text.split('_')[1] as 'refresh', text)!),
      );
      expect(dump.filter((line) => line.includes(raw.toString('hex')))).toEqual([]);
    }
  });
});

describe('a refresh secret', () => {
  it('has one successor, whoever of a hundred asks at once', async () => {
    const first = await redeemed();
    const answers = await Promise.all(Array.from({ length: 100 }, () => at.refresh(first)));
    expect(new Set(answers.map((answer) => answer.refreshToken.reveal())).size).toBe(1);
    expect(new Set(answers.map((answer) => answer.claims.jti)).size).toBe(100);
    const next = await at.refresh(answers[0]!);
    expect(next.refreshToken.reveal()).not.toBe(answers[0]!.refreshToken.reveal());
    expect(at.cases.opened).toEqual([]);
  });

  it('that is used again after ten seconds ends the device token, for thief and victim', async () => {
    const first = await redeemed();
    const second = await at.refresh(first);
    await at.age(first.claims.fam, 10_001);
    await expect(at.refresh(first)).rejects.toMatchObject(invalid);
    await expect(at.refresh(second)).rejects.toMatchObject(invalid);
    expect(await at.world.generation('family', first.claims.fam)).toBe(2);
    expect(await entries(first.claims.fam)).toEqual([
      'token.issued success',
      'token.redeemed success',
      'token.refreshed success',
      'token.reuse_detected success',
    ]);
    expect(at.cases.opened).toMatchObject([
      {
        cause: { kind: 'incident' },
        effect: {
          subject: { scope: 'family', id: first.claims.fam },
          user: anna.user,
          generation: 2,
          counts: { devices: 1, tokens: 1 },
        },
      },
    ]);
    expect(at.world.publisher.offered).toEqual(at.outbox.records);
    expect(
      at.outbox.records.map(({ value }) => JSON.parse(Buffer.from(value).toString())),
    ).toMatchObject([
      { scope: 'family', subject: first.claims.fam, generation: 2, cause: 'incident' },
    ]);
  });

  it('two steps back ends the device token at once: the grace is one deep', async () => {
    const first = await redeemed();
    await at.refresh(await at.refresh(first));
    await expect(at.refresh(first)).rejects.toMatchObject(invalid);
    expect(await at.world.generation('family', first.claims.fam)).toBe(2);
  });

  it('repeats its answer within the grace, also when the answer was lost more than once', async () => {
    const first = await redeemed();
    const told = [await at.refresh(first), await at.refresh(first), await at.refresh(first)];
    expect(new Set(told.map((answer) => answer.refreshToken.reveal())).size).toBe(1);
    await expect(at.refresh(told[2]!)).resolves.toBeDefined();
  });

  it('that somebody made up who knows the id ends nothing', async () => {
    const first = await redeemed();
    const forged = at.secrets.mint('refresh', first.claims.fam).text.reveal();
    await expect(at.refresh(forged)).rejects.toMatchObject(invalid);
    await expect(at.refresh(first)).resolves.toBeDefined();
    expect(at.cases.opened).toEqual([]);
  });

  it('ends after seven days without use, and after thirty in any case', async () => {
    const idle = await redeemed();
    await at.age(idle.claims.fam, 7 * 86_400_000 + 1);
    await expect(at.refresh(idle)).rejects.toMatchObject(invalid);
    let used = await redeemed();
    for (const days of [6, 6, 6, 6, 5]) {
      await at.age(used.claims.fam, days * 86_400_000);
      used = await at.refresh(used);
    }
    await at.age(used.claims.fam, 86_400_000);
    await expect(at.refresh(used)).rejects.toMatchObject(invalid);
    expect(at.cases.opened).toEqual([]);
  });

  it('carries on what the device was given when it was redeemed', async () => {
    const first = await redeemed();
    const next = await at.refresh(first);
    const { jti, iat, exp, ...same } = first.claims;
    expect(next.claims).toMatchObject(same);
    expect(next.claims.jti).not.toBe(jti);
    expect(next.claims.exp - next.claims.iat).toBe(exp - iat);
  });

  it('waits where a person is held and nothing was raised, and works again afterwards', async () => {
    const ben = await at.employee(organization, anna.connection);
    const first = await redeemed(ben);
    const hold = (holds: object) =>
      at.world.query(`update subject_generations set holds = $2 where subject_id = $1`, [
        ben.user,
        JSON.stringify(holds),
      ]);
    await hold({ 'unreadable:x': {} });
    await expect(at.refresh(first)).rejects.toMatchObject({ code: 'user.held' });
    await expect(at.issue(key, device, { id: ben.user })).rejects.toMatchObject({
      code: 'user.held',
    });
    await hold({});
    await expect(at.refresh(first)).resolves.toBeDefined();
    expect(await entries(first.claims.fam)).toContain('request.refused refused');
  });
});

describe('giving a device token back', () => {
  it('ends it once, and says so as often as it is asked', async () => {
    const first = await redeemed();
    const text = first.refreshToken.reveal();
    for (let i = 0; i < 3; i += 1) await at.deviceAuth.revoke.execute(text, 'lost', mark());
    await expect(at.refresh(first)).rejects.toMatchObject(invalid);
    expect(at.cases.opened).toMatchObject([{ cause: { kind: 'admin', reason: 'lost' } }]);
    expect(await at.world.generation('family', first.claims.fam)).toBe(2);
    const [row] = await at.world.query(
      'select revoked_cause, revoked_case from device_tokens where id = $1',
      [first.claims.fam],
    );
    expect(row).toEqual({ revoked_cause: 'admin', revoked_case: at.cases.opened[0]!.id });
  });

  it('works with a secret that has been replaced, and not with one that was made up', async () => {
    const first = await redeemed();
    await at.refresh(await at.refresh(first));
    const forged = at.secrets.mint('refresh', first.claims.fam).text.reveal();
    await expect(at.deviceAuth.revoke.execute(forged, null, mark())).rejects.toMatchObject(invalid);
    await at.deviceAuth.revoke.execute(first.refreshToken.reveal(), null, mark());
    expect(await at.world.generation('family', first.claims.fam)).toBe(2);
  });

  it('is one revocation, however many ask at once', async () => {
    const first = await redeemed();
    await Promise.all(
      Array.from({ length: 20 }, () =>
        at.deviceAuth.revoke.execute(first.refreshToken.reveal(), null, mark()),
      ),
    );
    expect(at.cases.opened).toHaveLength(1);
  });
});

describe('whose device it is', () => {
  it('a new device belongs to the user who is named', async () => {
    const { claims } = await redeemed();
    expect(claims).toMatchObject({ sub: anna.user, gen: { u: 1, d: 1, f: 1 } });
    expect(await entries(claims.did)).toEqual([
      'device.created success',
      'device.assigned success',
    ]);
    expect(at.cases.opened).toEqual([]);
  });

  it('and without a name to the one who holds it', async () => {
    await redeemed();
    const again = await at.redeem(await at.issue(key, device, null), device);
    expect(again.claims.sub).toBe(anna.user);
  });

  it('of two holders one must be named', async () => {
    const ben = await at.employee(organization, anna.connection);
    await redeemed();
    const his = await redeemed(ben);
    expect(his.claims).toMatchObject({ sub: ben.user, gen: { d: 1 } });
    await expect(at.issue(key, device, null)).rejects.toMatchObject({
      code: 'device.owner_required',
    });
    await expect(at.issue(key, device, { id: anna.user })).resolves.toBeDefined();
  });

  it('an unowned one gets no token, and leaves nothing behind that was made for it', async () => {
    await expect(at.issue(key, device, null)).rejects.toMatchObject({
      code: 'device.owner_required',
    });
    expect(await at.world.query('select from devices where device_id = $1', [device])).toEqual([]);
  });

  it('a user who is unknown, ambiguous or in another organization is no owner', async () => {
    const other = await at.world.organization();
    const stranger = await at.employee(other, await at.world.connection(other));
    const [one, two] = [
      await at.world.connection(organization, { link: 'none' }),
      await at.world.connection(organization, { link: 'none' }),
    ];
    await at.employee(organization, one, { externalId: 'twin' });
    await at.employee(organization, two, { externalId: 'twin' });
    const ask = (person: { id: string } | { externalId: string } | { userName: string }) =>
      at.deviceAuth.issue.execute({ by: key, deviceId: device, ttlS: 60, person, mark: mark() });
    for (const id of [newId<string>(), stranger.user, stranger.resource, 'no uuid', ''])
      await expect(ask({ id })).rejects.toMatchObject({ code: 'user.unknown' });
    await expect(ask({ userName: stranger.userName })).rejects.toMatchObject({
      code: 'user.unknown',
    });
    await expect(ask({ externalId: 'twin' })).rejects.toMatchObject({ code: 'user.ambiguous' });
    for (const person of [{ id: anna.resource }, { userName: anna.userName.toUpperCase() }])
      await expect(ask(person)).resolves.toBeDefined();
  });

  it('an inactive or removed user is no owner, also when an operator has lifted every hold', async () => {
    const ben = await at.employee(organization, anna.connection);
    await at.say(false, ben);
    await expect(at.issue(key, device, { id: ben.user })).rejects.toMatchObject({
      sort: 'forbidden',
    });
    await at.world.query(`update subject_generations set holds = '{}' where subject_id = $1`, [
      ben.user,
    ]);
    await expect(at.issue(key, device, { id: ben.user })).rejects.toMatchObject({
      code: 'user.closed',
    });
    await at.world.heart.changeResource({
      kind: 'remove',
      origin: { organization, connection: ben.connection, ...mark() },
      resource: ben.resource,
    });
    await expect(at.issue(key, device, { id: ben.user })).rejects.toMatchObject({
      sort: 'forbidden',
    });
  });

  it('what was issued while nobody held it ends when it gets its first user', async () => {
    const open = await at.world.organization();
    await at.world.query('update organizations set allow_ownerless = true where id = $1', [open]);
    const by = await at.apiKey(open);
    const ben = await at.employee(open, await at.world.connection(open));
    const ownerless = await at.redeem(await at.issue(by, device, null), device);
    expect(ownerless.claims).toMatchObject({ sub: ownerless.claims.did, gen: { u: 0, d: 1 } });
    const waiting = await at.issue(by, device, null);

    const his = await at.redeem(await at.issue(by, device, { id: ben.user }), device);
    expect(his.claims).toMatchObject({ sub: ben.user, gen: { u: 1, d: 2 } });
    await expect(at.refresh(ownerless)).rejects.toMatchObject(invalid);
    await expect(at.redeem(waiting, device)).rejects.toMatchObject(invalid);
    await expect(at.refresh(his)).resolves.toBeDefined();
    expect(at.cases.opened).toMatchObject([
      {
        effect: { subject: { scope: 'device' }, generation: 2, counts: { devices: 1, tokens: 2 } },
      },
    ]);
    expect(at.world.publisher.offered).toHaveLength(1);
  });

  it('after a recovery, too, its first user gets a token that works', async () => {
    const recovered = await DeviceWorld.open(2);
    try {
      const own = await recovered.world.organization();
      const by = await recovered.apiKey(own);
      const ben = await recovered.employee(own, await recovered.world.connection(own));
      await recovered.devices.create({ organization: own, deviceId: device, name: null }, asking);

      const his = await recovered.redeem(
        await recovered.issue(by, device, { id: ben.user }),
        device,
      );
      expect(his.claims.gen.d).toBe(2 * 2 ** 32);
      await expect(recovered.refresh(his)).resolves.toBeDefined();
    } finally {
      await recovered.close();
    }
  });

  it('is made once when fifty ask for it at once', async () => {
    const tokens = await Promise.all(
      Array.from({ length: 50 }, () => at.issue(key, device, { id: anna.user })),
    );
    expect(new Set(tokens).size).toBe(50);
    expect(await entries(await deviceRow())).toEqual([
      'device.created success',
      'device.assigned success',
    ]);
    expect(at.cases.opened).toEqual([]);
  });
});

describe('giving and taking a device by hand', () => {
  const order = () => ({ ...asking, receivedAt: new Date() });

  it('ends what was issued for it while nobody held it, once', async () => {
    const row = await at.world.device(organization);
    const assignment = { organization, device: row, user: anna.user };
    await at.deviceAuth.assignments.assign(assignment, order());
    await at.deviceAuth.assignments.assign(assignment, order());
    expect(await at.world.generation('device', row)).toBe(2);
    expect(at.cases.opened).toHaveLength(1);
    const missing = newId<typeof row>();
    for (const [wrong, code] of [
      [{ ...assignment, device: missing }, 'device.unknown'],
      [{ ...assignment, user: newId<typeof anna.user>() }, 'user.unknown'],
      [{ ...assignment, organization: await at.world.organization() }, 'device.unknown'],
    ] as const)
      await expect(at.deviceAuth.assignments.assign(wrong, order())).rejects.toMatchObject({
        code,
      });
  });

  it('taking it ends this user’s tokens on it and nobody else’s', async () => {
    const ben = await at.employee(organization, anna.connection);
    const [hers, waiting, his] = [
      await redeemed(),
      await at.issue(key, device, { id: anna.user }),
      await redeemed(ben),
    ];
    const elsewhere = newId<string>();
    const other = await at.redeem(await at.issue(key, elsewhere, { id: anna.user }), elsewhere);
    const assignment = { organization, device: hers.claims.did as never, user: anna.user };
    await at.deviceAuth.assignments.unassign(assignment, order());
    await expect(at.refresh(hers)).rejects.toMatchObject(invalid);
    await expect(at.redeem(waiting, device)).rejects.toMatchObject(invalid);
    await expect(at.refresh(his)).resolves.toBeDefined();
    await expect(at.refresh(other)).resolves.toBeDefined();
    expect(at.cases.opened).toMatchObject([
      { effect: { user: anna.user, counts: { devices: 1, tokens: 2 } } },
    ]);
    expect(at.world.publisher.offered).toHaveLength(2);
    await expect(at.deviceAuth.assignments.unassign(assignment, order())).rejects.toMatchObject({
      code: 'assignment.unknown',
    });
  });
});

it('each end of a device token or a device is told exactly once, under the id of its case', async () => {
  expect(await casesMet(at.world)).toEqual(
    new Set(['admin family', 'incident family', 'admin device', 'scim user']),
  );
  expect(await toldOtherwise(at.world)).toEqual([]);
  const whose = await at.world.query<{ by: string; members: string[] }>(
    `select distinct e.events->$1->>'initiating_entity' as by,
            array(select jsonb_object_keys(sub_id) order by 1) as members
       from events_pending e where type = $1 order by by, members`,
    [ACCESS_EVENTS.sessionRevoked],
  );
  expect(whose).toEqual([
    // Its first user, and one from whom it is taken.
    { by: 'admin', members: ['device', 'format'] },
    { by: 'admin', members: ['device', 'format', 'user'] },
    // An API key asked.
    { by: 'system', members: ['device', 'format'] },
    { by: 'system', members: ['format', 'session', 'user'] },
    { by: 'user', members: ['format', 'session', 'user'] },
  ]);
});
