// P7: organizations never meet. P2: a credential that was removed or replaced opens nothing.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Refusals, type Refusal } from '../../src/audit/index.js';
import { PostgresAuditLog } from '../../src/audit/postgres/postgres-audit-log.js';
import { ConnectionSecrets } from '../../src/directory/connection-secrets.js';
import { FailedAttempts, type Asking, type ConnectionKind } from '../../src/directory/index.js';
import { StoredConnectionDoors } from '../../src/directory/stored-connection-doors.js';
import { StoredConnections } from '../../src/directory/stored-connections.js';
import { StoredDevices } from '../../src/directory/stored-devices.js';
import { StoredOrganizations } from '../../src/directory/stored-organizations.js';
import { StoredPeople } from '../../src/directory/stored-people.js';
import { newId, type ConnectionId, type Id, type OrganizationId } from '../../src/kernel/ids.js';
import { OpaqueSecrets } from '../../src/platform/crypto/opaque-secrets.js';
import { Sealer } from '../../src/platform/crypto/sealer.js';
import { RememberedTraffic } from '../support/remembered-traffic.js';
import { RememberingLog } from '../support/remembering-log.js';
import { systemClock, World } from '../support/world.js';

const installation = newId<Id<'installation'>>();
const asking: Asking = { actor: { type: 'admin_key', id: newId() }, requestId: newId() };

class RememberedRefusals extends Refusals {
  readonly all: Refusal[] = [];
  override count(refusal: Refusal): void {
    this.all.push(refusal);
  }
}

let world: World;
let organizations: StoredOrganizations;
let connections: StoredConnections;
let doors: StoredConnectionDoors;
let devices: StoredDevices;
let people: StoredPeople;
const refusals = new RememberedRefusals();

beforeAll(async () => {
  world = await World.open();
  const { transactions } = world;
  const audit = new PostgresAuditLog();
  const secrets = new ConnectionSecrets(
    new OpaqueSecrets(new Uint8Array(32).fill(1)),
    new Sealer(new Uint8Array(32).fill(2)),
  );
  organizations = new StoredOrganizations(transactions, audit);
  connections = new StoredConnections(transactions, audit, secrets);
  const attempts = new FailedAttempts({
    ...{ refusals, installation, clock: systemClock },
    traffic: new RememberedTraffic(),
    log: new RememberingLog(),
  });
  doors = new StoredConnectionDoors({ transactions, secrets, attempts });
  devices = new StoredDevices(transactions, audit);
  people = new StoredPeople(transactions);
});

afterAll(() => world.close());

const organization = async (): Promise<OrganizationId> =>
  (await organizations.create('Example', asking)).id;

const connect = (
  id: OrganizationId,
  kind: ConnectionKind,
  more: { publicKey?: string; identitiesFrom?: ConnectionId } = {},
) =>
  connections.create(
    {
      organization: id,
      kind,
      name: 'a connection',
      link: 'user-name',
      identitiesFrom: more.identitiesFrom ?? null,
      publicKey: more.publicKey ?? null,
    },
    asking,
  );

const actionsOf = async (id: OrganizationId): Promise<string[]> => {
  const found = await world.query<{ action: string }>(
    'select action from audit.entry where organization_id = $1 order by at, id',
    [id],
  );
  return found.map(({ action }) => action);
};

describe('an organization', () => {
  it('comes with its generation row and its audit entry', async () => {
    const id = await organization();
    expect(await world.generation('org', id)).toBe(1);
    expect(await actionsOf(id)).toEqual(['organization.created']);
  });

  it('refuses tokens without an owner until it says otherwise', async () => {
    const id = await organization();
    const allows = () =>
      world.transactions.read('service', (tx) => organizations.allowsOwnerless(tx, id));
    expect(await allows()).toBe(false);
    await organizations.change(id, { allowOwnerless: true }, asking);
    expect(await allows()).toBe(true);
    expect(await actionsOf(id)).toContain('organization.changed');
  });

  it('is listed page by page, newest first, each once', async () => {
    const made = [await organization(), await organization(), await organization()];
    const first = await organizations.list({ cursor: null, limit: 2 });
    expect(first.items.map(({ id }) => id)).toEqual([made[2], made[1]]);
    const second = await organizations.list({ cursor: first.next as OrganizationId, limit: 2 });
    expect(second.items[0]?.id).toBe(made[0]);
  });
});

describe('the SCIM door', () => {
  const bearer = (text: string | undefined) => doors.scim(text && `Bearer ${text}`, 'here');

  it('opens for the secret that was shown once, and for nothing else', async () => {
    const id = await organization();
    const { connection, secret } = await connect(id, 'scim');
    const text = secret!.reveal();
    expect(await bearer(text)).toMatchObject({ organization: id, connection: connection.id });
    const other = (await connect(id, 'scim')).secret!.reveal();
    // The other's checksum and secret under this one's id: well formed or not, it opens nothing.
    const swapped = text.slice(0, 42) + other.slice(42);
    for (const wrong of [undefined, '', 'x', text.slice(0, -1), `${text}0`, swapped])
      await expect(bearer(wrong)).rejects.toMatchObject({ sort: 'unauthenticated' });
  });

  it('does not keep the secret', async () => {
    const { secret } = await connect(await organization(), 'scim');
    const [, , , word = ''] = secret!.reveal().split('_');
    const stored = await world.query('select * from connection_secrets');
    expect(JSON.stringify(stored)).not.toContain(word.slice(0, 20));
  });

  it('stays open for both secrets while they rotate, and closes for the old one when asked at once', async () => {
    const id = await organization();
    const { connection, secret: first } = await connect(id, 'scim');
    const name = { organization: id, id: connection.id };
    const { secret: second } = await connections.rotate(name, { overlapS: 3600 }, asking);
    expect(await bearer(first!.reveal())).toMatchObject({ connection: connection.id });
    expect(await bearer(second.reveal())).toMatchObject({ connection: connection.id });
    const { secret: third } = await connections.rotate(name, { overlapS: 0 }, asking);
    await expect(bearer(first!.reveal())).rejects.toMatchObject({ code: 'credential.invalid' });
    await expect(bearer(second.reveal())).rejects.toMatchObject({ code: 'credential.invalid' });
    expect(await bearer(third.reveal())).toMatchObject({ connection: connection.id });
    expect((await connections.get(name))?.secrets).toHaveLength(1);
  });

  it('never opens for more than two secrets, and the log says which rotation ended the third', async () => {
    const id = await organization();
    const { connection, secret: first } = await connect(id, 'scim');
    const name = { organization: id, id: connection.id };
    const { secret: second } = await connections.rotate(name, { overlapS: 3600 }, asking);
    const { secret: third, previousExpireAt } = await connections.rotate(
      name,
      { overlapS: 7200 },
      asking,
    );
    await expect(bearer(first!.reveal())).rejects.toMatchObject({ code: 'credential.invalid' });
    for (const living of [second, third])
      expect(await bearer(living.reveal())).toMatchObject({ connection: connection.id });
    const ends = (await connections.get(name))?.secrets.map(({ expiresAt }) => expiresAt);
    expect(ends).toHaveLength(2);
    expect(ends).toEqual(expect.arrayContaining([null, previousExpireAt]));
    const entries = await world.query<{ detail: unknown }>(
      `select convert_from(bytes, 'UTF8')::jsonb -> 'detail' as detail from audit.entry
        where subject_id = $1 and action = 'connection.secret_rotated' order by at, id`,
      [connection.id],
    );
    expect(entries.map(({ detail }) => detail)).toEqual([
      { overlap_s: 3600, ended_at_once: 0 },
      { overlap_s: 7200, ended_at_once: 1 },
    ]);
  });

  it('leaves two secrets however many rotate at once', async () => {
    const id = await organization();
    const { connection } = await connect(id, 'scim');
    const name = { organization: id, id: connection.id };
    await Promise.all(
      Array.from({ length: 5 }, () => connections.rotate(name, { overlapS: 3600 }, asking)),
    );
    expect((await connections.get(name))?.secrets).toHaveLength(2);
  });

  it('closes with the removal, and counts who still knocks in the log of the organization', async () => {
    const id = await organization();
    const { connection, secret } = await connect(id, 'scim');
    await connections.remove({ organization: id, id: connection.id }, asking);
    await expect(bearer(secret!.reveal())).rejects.toMatchObject({ code: 'credential.invalid' });
    expect(refusals.all.at(-1)).toEqual({
      log: id,
      connection: connection.id,
      door: 'scim',
      reason: 'credential.invalid',
    });
    await expect(
      connections.remove({ organization: id, id: connection.id }, asking),
    ).rejects.toMatchObject({ code: 'connection.unknown' });
  });

  it('was never opened by a look-up that began before the removal had been committed', async () => {
    const id = await organization();
    const { connection, secret } = await connect(id, 'scim');
    const { secret: other } = await connect(id, 'scim');
    const all = [secret!.reveal(), other!.reveal()];
    const before = Array.from({ length: 40 }, (_, i) => bearer(all[i % 2]));
    const removed = new AbortController();
    const removal = connections
      .remove({ organization: id, id: connection.id }, asking)
      .finally(() => {
        removed.abort();
      });
    // Whoever comes goes into a look-up with others, while others are under way.
    const late: Promise<unknown>[] = [];
    while (late.length < 40) {
      if (removed.signal.aborted) late.push(bearer(all[0]));
      else before.push(bearer(all[1]));
      await new Promise(setImmediate);
    }
    await removal;
    expect(new Set((await Promise.allSettled(late)).map(({ status }) => status))).toEqual(
      new Set(['rejected']),
    );
    const opened = await Promise.allSettled(before);
    expect(opened.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(20);
    expect(await bearer(all[1])).toMatchObject({ organization: id });
  });

  it('tells each of those who knock together apart', async () => {
    const secrets = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const id = await organization();
        return { id, text: (await connect(id, 'scim')).secret!.reveal() };
      }),
    );
    const opened = await Promise.all(secrets.map(({ text }) => bearer(text)));
    expect(opened.map(({ organization: whose }) => whose)).toEqual(secrets.map(({ id }) => id));
    const [mine, yours] = secrets.map(({ text }) => text);
    // One's name with another's secret.
    const mixed = mine!.slice(0, -20) + yours!.slice(-20);
    const outcomes = await Promise.allSettled([bearer(mixed), bearer(mine), bearer(yours)]);
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
  });

  it('does not open for the secret of another kind of connection', async () => {
    const { secret } = await connect(await organization(), 'okta-event-hook');
    await expect(bearer(secret!.reveal())).rejects.toMatchObject({ code: 'credential.invalid' });
  });
});

describe('the door of webhooks', () => {
  it('knows its header secrets', async () => {
    const id = await organization();
    const { connection, secret } = await connect(id, 'okta-event-hook');
    const { secret: foreign } = await connect(id, 'okta-event-hook');
    const door = await doors.webhook(connection.id);
    expect(door).toMatchObject({ organization: id, kind: 'okta-event-hook', hmacKeys: [] });
    expect(door?.accepts(secret!.reveal())).toBe(true);
    expect(door?.accepts(foreign!.reveal())).toBe(false);
    expect(door?.accepts(undefined)).toBe(false);
  });

  it('gives back the signing secrets that were shown, newest first', async () => {
    const id = await organization();
    const { connection, secret } = await connect(id, 'standard-webhooks');
    const { secret: newer } = await connections.rotate(
      { organization: id, id: connection.id },
      { overlapS: 60 },
      asking,
    );
    const door = await doors.webhook(connection.id);
    const shown = [newer, secret!].map((one) => one.reveal());
    expect(shown.every((text) => text.startsWith('whsec_'))).toBe(true);
    expect(door?.hmacKeys.map((key) => `whsec_${Buffer.from(key).toString('base64')}`)).toEqual(
      shown,
    );
    expect(door?.accepts(secret!.reveal())).toBe(false);
  });

  it('takes a public key instead of a secret', async () => {
    const key = Buffer.alloc(32, 7);
    const publicKey = `whpk_${key.toString('base64')}`;
    const { connection, secret } = await connect(await organization(), 'standard-webhooks', {
      publicKey,
    });
    expect(secret).toBeNull();
    const door = await doors.webhook(connection.id);
    expect(Buffer.from(door!.publicKey!)).toEqual(key);
  });

  it.each(['whpk_', 'whpk_AAAA', `whpk_${Buffer.alloc(33).toString('base64')}`, 'AAAA'])(
    'takes no malformed public key: %s',
    async (publicKey) => {
      const id = await organization();
      await expect(connect(id, 'standard-webhooks', { publicKey })).rejects.toMatchObject({
        code: 'request.invalid_value',
      });
    },
  );

  it('is no door for SCIM, for made-up ids and for removed connections', async () => {
    const id = await organization();
    const { connection: scim } = await connect(id, 'scim');
    const { connection: gone } = await connect(id, 'okta-event-hook');
    await connections.remove({ organization: id, id: gone.id }, asking);
    for (const one of [scim.id, gone.id, newId(), 'x', '']) {
      expect(await doors.webhook(one)).toBeNull();
    }
  });
});

describe('another organization', () => {
  it('neither sees, rotates nor removes a connection, and lends it no identities', async () => {
    const [ours, theirs] = [await organization(), await organization()];
    const { connection } = await connect(ours, 'scim');
    const name = { organization: theirs, id: connection.id };
    expect(await connections.get(name)).toBeNull();
    expect((await connections.list(theirs, { cursor: null, limit: 10 })).items).toEqual([]);
    await expect(connections.rotate(name, { overlapS: 0 }, asking)).rejects.toMatchObject({
      code: 'connection.unknown',
    });
    await expect(connections.remove(name, asking)).rejects.toMatchObject({
      code: 'connection.unknown',
    });
    await expect(
      connect(theirs, 'okta-event-hook', { identitiesFrom: connection.id }),
    ).rejects.toMatchObject({ code: 'connection.unknown' });
  });

  it('neither sees nor assigns a device, even under the same name', async () => {
    const [ours, theirs] = [await organization(), await organization()];
    const make = (id: OrganizationId) =>
      devices.create({ organization: id, deviceId: 'scanner-1', name: null }, asking);
    const [device, other] = [await make(ours), await make(theirs)];
    expect(device.id).not.toBe(other.id);
    expect(await devices.get({ organization: theirs, device: device.id })).toBeNull();
    const user = await person(theirs, 'ada@example.test');
    await expect(
      world.transactions.run('service', (tx) =>
        devices.assign(tx, { organization: theirs, device: device.id, user }),
      ),
    ).rejects.toMatchObject({ code: 'device.unknown' });
    await expect(
      world.transactions.run('service', (tx) =>
        devices.assign(tx, { organization: ours, device: device.id, user }),
      ),
    ).rejects.toMatchObject({ code: 'user.unknown' });
  });
});

async function person(organization: OrganizationId, userName: string) {
  const connection = await world.connection(organization);
  const outcome = await world.heart.changeResource({
    kind: 'create',
    origin: { organization, connection, requestId: newId(), receivedAt: new Date() },
    word: 'absent',
    image: {
      userName,
      externalId: `ext-${userName}`,
      emails: [userName.toLowerCase()],
      active: true,
      attributes: { userName },
    },
  });
  if (outcome.kind !== 'done') throw new Error(outcome.kind);
  return outcome.resource.user;
}

describe('people', () => {
  it('are found by id, by external id, and by user name whatever its case', async () => {
    const id = await organization();
    const user = await person(id, 'Ada@Example.test');
    await person(id, 'adaXexample.test');
    const who = (reference: Parameters<StoredPeople['whoIs']>[2]) =>
      world.transactions.read('service', (tx) => people.whoIs(tx, id, reference));
    expect(await who({ id: user })).toEqual([user]);
    expect(await who({ externalId: 'ext-Ada@Example.test' })).toEqual([user]);
    expect(await who({ externalId: 'EXT-Ada@Example.test' })).toEqual([]);
    expect(await who({ userName: 'ADA@example.TEST' })).toEqual([user]);
    expect(await who({ userName: 'ada%' })).toEqual([]);
    expect(await who({ id: 'no-uuid' })).toEqual([]);
  });

  it('are two when two have the same name on different connections that do not link', async () => {
    const id = await organization();
    const first = await person(id, 'grace@example.test');
    const connection = await world.connection(id, { link: 'none' });
    const second = await world.heart.changeResource({
      kind: 'create',
      origin: { organization: id, connection, requestId: newId(), receivedAt: new Date() },
      word: 'absent',
      image: {
        userName: 'grace@example.test',
        externalId: null,
        emails: [],
        active: true,
        attributes: {},
      },
    });
    const found = await world.transactions.read('service', (tx) =>
      people.whoIs(tx, id, { userName: 'grace@example.test' }),
    );
    expect(second.kind).toBe('done');
    expect(found).toHaveLength(2);
    expect(found).toContain(first);
  });

  it('are listed with their resources and devices, a page at a time', async () => {
    const id = await organization();
    const users = [await person(id, 'a@x.test'), await person(id, 'b@x.test')];
    const device = await devices.create({ organization: id, deviceId: 'd', name: 'Desk' }, asking);
    const assignment = { organization: id, device: device.id, user: users[0]! };
    const assign = () => world.transactions.run('service', (tx) => devices.assign(tx, assignment));
    expect([await assign(), await assign()]).toEqual([true, false]);
    const page = await people.list(id, {}, { cursor: null, limit: 1 });
    expect(page.items.map((one) => one.id)).toEqual([users[1]]);
    const rest = await people.list(id, {}, { cursor: page.next as never, limit: 5 });
    expect(rest).toMatchObject({
      next: null,
      items: [
        {
          id: users[0],
          resources: [{ userName: 'a@x.test', active: true }],
          devices: [{ id: device.id, deviceId: 'd', name: 'Desk' }],
        },
      ],
    });
    const found = await people.list(id, { email: 'B@x.test' }, { cursor: null, limit: 5 });
    expect(found.items.map((one) => one.id)).toEqual([users[1]]);
    expect((await devices.list(id, { user: users[0]! }, { cursor: null, limit: 5 })).items).toEqual(
      [
        expect.objectContaining({
          id: device.id,
          owners: [expect.objectContaining({ user: users[0] })],
        }),
      ],
    );
    await world.transactions.run('service', (tx) => devices.unassign(tx, assignment));
    expect((await people.get(id, users[0]!))?.devices).toEqual([]);
  });
});

describe('a device', () => {
  it('is made once, however many ask for it at once', async () => {
    const id = await organization();
    const asked = await Promise.all(
      Array.from({ length: 8 }, () =>
        world.transactions.run('service', (tx) => devices.ensure(tx, id, 'kiosk-7')),
      ),
    );
    expect(new Set(asked.map((one) => one.id)).size).toBe(1);
    expect(asked.filter(({ isNew }) => isNew)).toHaveLength(1);
    expect(await world.generation('device', asked[0]!.id)).toBe(1);
  });

  it('keeps its name to itself', async () => {
    const id = await organization();
    const make = () =>
      devices.create({ organization: id, deviceId: 'kiosk-8', name: null }, asking);
    await make();
    await expect(make()).rejects.toMatchObject({ code: 'device.taken' });
  });
});
