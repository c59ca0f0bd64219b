// P2: dead stays dead, also what a foreign issuer has signed. P4: nothing is lost. P7: organizations never meet.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresAuditLog } from '../../src/audit/postgres/postgres-audit-log.js';
import { foreignSubject } from '../../src/contract/foreign-subject.js';
import { readRecord } from '../../src/contract/read.js';
import type { RevocationRecord } from '../../src/contract/revocation-record.js';
import type { Edit, Origin, StoredResource } from '../../src/deprovision/index.js';
import {
  newId,
  type CaseId,
  type ConnectionId,
  type OrganizationId,
} from '../../src/kernel/ids.js';
import type { ForeignIssuerView, IssuerId, SubjectKind } from '../../src/outbox/index.js';
import { issuersInUse } from '../../src/outbox/postgres/foreign-issuers.js';
import { StoredForeignIssuers } from '../../src/outbox/stored-foreign-issuers.js';
import { sha256 } from '../../src/platform/crypto/sha256.js';
import { Installation } from '../../src/platform/installation/installation.js';
import { World } from '../support/world.js';

let world: World;
let issuers: StoredForeignIssuers;
beforeAll(async () => {
  world = await World.open();
  issuers = new StoredForeignIssuers(world.transactions, new PostgresAuditLog());
});
afterAll(() => world.close());

const asking = { actor: { type: 'admin_key', id: newId() }, requestId: newId() } as const;
const originOf = (organization: OrganizationId, connection: ConnectionId): Origin => ({
  organization,
  connection,
  requestId: newId(),
  receivedAt: new Date(),
});

class Scene {
  private constructor(
    readonly organization: OrganizationId,
    readonly connection: ConnectionId,
  ) {}

  static async open(): Promise<Scene> {
    const organization = await world.organization();
    return new Scene(organization, await world.connection(organization));
  }

  register(
    subject: SubjectKind,
    more: { readonly connection?: ConnectionId; readonly issuer?: string } = {},
  ): Promise<ForeignIssuerView> {
    return issuers.register(
      {
        organization: this.organization,
        issuer: more.issuer ?? `https://${newId()}.example`,
        audience: 'api://things',
        jwksUrl: 'https://idp.example/keys',
        jwks: null,
        maxTtlS: 3_600,
        subject,
        connection: more.connection ?? null,
      },
      asking,
    );
  }

  async join(userName = `Ada-${newId()}@Example.com`, on = this.connection) {
    const outcome = await world.heart.changeResource({
      kind: 'create',
      origin: originOf(this.organization, on),
      word: 'true',
      image: {
        userName,
        externalId: `ext-${userName}`,
        emails: [userName.toLowerCase()],
        active: true,
        attributes: {},
      },
    });
    if (outcome.kind !== 'done') throw new Error(outcome.kind);
    return outcome;
  }

  async edit({ id }: StoredResource, edit: Edit): Promise<CaseId | null> {
    const outcome = await world.heart.changeResource({
      kind: 'edit',
      origin: originOf(this.organization, this.connection),
      resource: id,
      edit,
    });
    if (outcome.kind !== 'done') throw new Error(outcome.kind);
    return outcome.case;
  }

  leave = (resource: StoredResource): Promise<CaseId | null> =>
    this.edit(resource, (stored) => ({ word: 'false', next: { ...stored, active: false } }));
}

async function recordsOf(id: CaseId | null): Promise<RevocationRecord[]> {
  const stored = await world.query<{ value: Buffer }>(
    'select o.value from outbox o join outbox_pending p using (digest) where o.case_id = $1',
    [id],
  );
  return stored.map(({ value }) => readRecord(value.toString()));
}

const foreignOf = async (id: CaseId | null): Promise<string[]> =>
  (await recordsOf(id)).filter(({ scope }) => scope === 'ext').map(({ subject }) => subject);

const named = (issuer: ForeignIssuerView, ...subs: string[]): string[] =>
  subs.map((sub) => foreignSubject(issuer.issuer, sub, sha256));

describe('somebody who leaves', () => {
  it('leaves every foreign issuer too: a record beside ours, of the same case and entry', async () => {
    const scene = await Scene.open();
    const [byId, byName] = [await scene.register('external_id'), await scene.register('user_name')];
    const { resource } = await scene.join();
    const records = await recordsOf(await scene.leave(resource));
    const ours = records.find(({ scope }) => scope === 'user')!;
    const foreign = records.filter(({ scope }) => scope === 'ext');
    expect(foreign.map(({ subject }) => subject).sort()).toEqual(
      [
        ...named(byId, resource.externalId!),
        ...named(byName, resource.userName.toLowerCase()),
      ].sort(),
    );
    for (const record of foreign) {
      const { case: id, cause, audit, revoked_at, org } = ours;
      expect(record).toMatchObject({ case: id, cause, audit, revoked_at, org, generation: null });
      expect(record.not_before).toBe(Math.floor(Date.parse(revoked_at) / 1000));
    }
  });

  it('leaves by the names that they had a short time ago, and by those of the same request', async () => {
    const scene = await Scene.open();
    const issuer = await scene.register('user_name');
    const { resource } = await scene.join('before@example.com');
    await scene.edit(resource, (stored) => ({
      word: 'absent',
      next: { ...stored, userName: 'between@example.com' },
    }));
    const id = await scene.edit(resource, (stored) => ({
      word: 'false',
      next: { ...stored, userName: 'after@example.com', active: false },
    }));
    expect((await foreignOf(id)).sort()).toEqual(
      named(issuer, 'before@example.com', 'between@example.com', 'after@example.com').sort(),
    );
  });

  it('and had another name longer ago than a token lives, leaves without it', async () => {
    const scene = await Scene.open();
    const issuer = await scene.register('user_name');
    const { resource } = await scene.join('old@example.com');
    await scene.edit(resource, (stored) => ({
      word: 'absent',
      next: { ...stored, userName: 'new@example.com' },
    }));
    await world.query(
      `update identities set ended_at = ended_at - interval '25 h' where value = 'old@example.com'`,
    );
    expect(await foreignOf(await scene.leave(resource))).toEqual(named(issuer, 'new@example.com'));
  });

  it('is named by the connection that the issuer goes by, and by nobody else’s', async () => {
    const scene = await Scene.open();
    const other = await world.connection(scene.organization);
    const issuer = await scene.register('external_id', { connection: other });
    const { resource } = await scene.join('ada@example.com');
    expect(await foreignOf(await scene.leave(resource))).toEqual([]);
    const there = await scene.join('eve@example.com', other);
    const id = await world.heart.changeResource({
      kind: 'remove',
      origin: originOf(scene.organization, other),
      resource: there.resource.id,
    });
    if (id.kind !== 'removed') throw new Error(id.kind);
    expect(await foreignOf(id.case)).toEqual(named(issuer, 'ext-eve@example.com'));
  });

  it('may be known by issuer and sub themselves, and then by those of this issuer only', async () => {
    const scene = await Scene.open();
    const issuer = await scene.register('iss_sub');
    const { resource } = await scene.join();
    for (const value of [`${issuer.issuer}\npairwise`, `${issuer.issuer}.evil\npairwise`])
      await world.query(
        `insert into identities (organization_id, connection_id, kind, value, user_id) values ($1, $2, 'iss_sub', $3, $4)`,
        [scene.organization, scene.connection, value, resource.user],
      );
    expect(await foreignOf(await scene.leave(resource))).toEqual(named(issuer, 'pairwise'));
  });

  it('leaves no issuer of another organization', async () => {
    const [scene, other] = [await Scene.open(), await Scene.open()];
    await other.register('user_name');
    const { resource } = await scene.join();
    expect(await recordsOf(await scene.leave(resource))).toMatchObject([{ scope: 'user' }]);
  });

  it('by a signal that came before anybody knew them, has left when they appear', async () => {
    const scene = await Scene.open();
    const issuer = await scene.register('email');
    await world.heart.takeSignal({
      origin: originOf(scene.organization, scene.connection),
      signal: {
        dedupeKey: newId(),
        eventType: 'test',
        occurredAt: new Date(),
        effect: 'revoke',
        class: 'test',
        subject: [{ kind: 'email', value: 'late@example.com' }],
      },
    });
    const { case: id } = await scene.join('late@example.com');
    expect(id).not.toBeNull();
    expect(await foreignOf(id)).toEqual(named(issuer, 'late@example.com'));
  });
});

describe('an operator’s revocation', () => {
  const order = (organization: OrganizationId, scope: 'org' | 'user', id: string) =>
    world.heart.revokeSubject({
      ...{ organization, scope, id, kind: 'admin', reason: 'test', hold: false },
      ...{ actor: asking.actor, requestId: newId(), receivedAt: new Date() },
    });

  it('of a user ends what foreign issuers have signed for them', async () => {
    const scene = await Scene.open();
    const issuer = await scene.register('external_id');
    const { resource } = await scene.join();
    const id = await order(scene.organization, 'user', resource.user);
    expect(await foreignOf(id)).toEqual(named(issuer, resource.externalId!));
  });

  it('of an organization ends everybody of its issuers, those that were removed just now too', async () => {
    const scene = await Scene.open();
    const [one, gone] = [await scene.register('email'), await scene.register('email')];
    await issuers.remove({ organization: scene.organization, id: gone.id as IssuerId }, asking);
    const id = await order(scene.organization, 'org', scene.organization);
    expect((await foreignOf(id)).sort()).toEqual([...named(one, ''), ...named(gone, '')].sort());
  });
});

describe('a registration', () => {
  it('waits for whoever is leaving, and begins after them', async () => {
    const scene = await Scene.open();
    const holder = await world.outside.connect();
    await holder.query('begin');
    await holder.query('select pg_advisory_xact_lock_shared(organization_lock($1))', [
      scene.organization,
    ]);
    const registered = scene.register('email');
    const { now } = (await holder.query<{ now: Date }>('select clock_timestamp() as now')).rows[0]!;
    await holder.query('commit');
    holder.release();
    expect(Date.parse((await registered).created_at)).toBeGreaterThanOrEqual(now.getTime());
  });

  it('is one for an issuer and audience in the whole installation, until it is removed', async () => {
    const [scene, other] = [await Scene.open(), await Scene.open()];
    const issuer = 'https://shared.example';
    const first = await scene.register('email', { issuer });
    await expect(other.register('email', { issuer })).rejects.toMatchObject({
      code: 'issuer.taken',
    });
    const name = { organization: scene.organization, id: first.id as IssuerId };
    await expect(
      issuers.remove({ ...name, organization: other.organization }, asking),
    ).rejects.toMatchObject({ code: 'issuer.unknown' });
    await issuers.remove(name, asking);
    await expect(issuers.remove(name, asking)).rejects.toMatchObject({ code: 'issuer.unknown' });
    expect(await issuers.list(scene.organization)).toEqual([]);
    const second = await other.register('email', { issuer });
    expect(Date.parse(second.created_at)).toBeGreaterThan(Date.parse(first.created_at));
    const inUse = await world.transactions.read('service', issuersInUse);
    expect(inUse.filter((row) => row.issuer === issuer)).toMatchObject([
      { id: first.id, removed_at: expect.any(Date) },
      { id: second.id, removed_at: null },
    ]);
  });

  it('of our own name is refused, and so is one of nobody’s organization or connection', async () => {
    const scene = await Scene.open();
    const { issuer } = await world.transactions.run('service', (tx) => Installation.of(tx, null));
    await expect(scene.register('email', { issuer })).rejects.toMatchObject({
      code: 'request.invalid_value',
    });
    const stranger = await world.connection(await world.organization());
    await expect(scene.register('email', { connection: stranger })).rejects.toMatchObject({
      code: 'connection.unknown',
    });
    const nobody = Object.assign(Object.create(scene) as Scene, { organization: newId() });
    await expect(nobody.register('email')).rejects.toMatchObject({ code: 'organization.unknown' });
  });
});
