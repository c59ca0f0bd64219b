// P2: dead stays dead, also what a foreign issuer has signed. P4: nothing is lost. P7: organizations never meet.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { PostgresAuditLog } from '../../src/audit/postgres/postgres-audit-log.js';
import { foreignSubject } from '../../src/contract/foreign-subject.js';
import { readRecord } from '../../src/contract/read.js';
import type { RevocationRecord } from '../../src/contract/revocation-record.js';
import {
  ISSUER_SUBJECTS,
  type Edit,
  type Origin,
  type StoredResource,
} from '../../src/deprovision/index.js';
import {
  newId,
  type CaseId,
  type ConnectionId,
  type OrganizationId,
} from '../../src/kernel/ids.js';
import type { ForeignIssuerView, IssuerId, SubjectKind } from '../../src/outbox/index.js';
import { issuersInUse } from '../../src/outbox/postgres/foreign-issuers.js';
import { StoredForeignIssuers } from '../../src/outbox/stored-foreign-issuers.js';
import { StoredIssuerSubjects } from '../../src/directory/stored-issuer-subjects.js';
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

/** What a resource says that an issuer calls the person. */
const called = (issuer: string, value: string) => ({
  [ISSUER_SUBJECTS.schema]: { [ISSUER_SUBJECTS.attribute]: [{ issuer, value }] },
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
    await scene.edit(resource, (stored) => ({
      word: 'absent',
      next: { ...stored, attributes: called(issuer.issuer, 'pairwise') },
    }));
    await scene.edit(resource, (stored) => ({
      word: 'absent',
      next: { ...stored, attributes: called(`${issuer.issuer}.evil`, 'pairwise') },
    }));
    // The one before it has ended a moment ago: a token may still live.
    expect(await foreignOf(await scene.leave(resource))).toEqual(named(issuer, 'pairwise'));
  });

  it('keeps the subject that is theirs: another resource that claims it is refused, and its deactivation done', async () => {
    const scene = await Scene.open();
    const issuer = await scene.register('iss_sub');
    const attributes = called(issuer.issuer, 'pairwise');
    const [ada, eve] = [(await scene.join()).resource, (await scene.join()).resource];
    await scene.edit(ada, (stored) => ({ word: 'absent', next: { ...stored, attributes } }));
    const claim = (origin: Origin) =>
      world.heart.changeResource({
        kind: 'edit',
        origin,
        resource: eve.id,
        edit: (stored) => ({ word: 'false', next: { ...stored, active: false, attributes } }),
      });
    const refused = await claim(originOf(scene.organization, scene.connection));
    expect(refused).toMatchObject({ kind: 'refused', why: { code: 'scim.subject_taken' } });
    const [held] = await world.query<{ generation: string }>(
      `select generation from subject_generations where scope = 'user' and subject_id = $1`,
      [eve.user],
    );
    expect(held).toEqual({ generation: '2' });
    expect(await foreignOf(await scene.leave(ada))).toEqual(named(issuer, 'pairwise'));
  });

  it('is refused as somebody new under the subject of another, and nothing is made', async () => {
    const scene = await Scene.open();
    const attributes = called('https://idp.example', newId());
    const { resource } = await scene.join();
    await scene.edit(resource, (stored) => ({ word: 'absent', next: { ...stored, attributes } }));
    const userName = newId();
    const made = await world.heart.changeResource({
      kind: 'create',
      origin: originOf(scene.organization, scene.connection),
      word: 'true',
      image: { userName, externalId: null, emails: [], active: true, attributes },
    });
    expect(made).toMatchObject({ kind: 'refused', why: { code: 'scim.subject_taken' } });
    expect(await world.query('select id from resources where user_name = $1', [userName])).toEqual(
      [],
    );
  });

  it('leaves by the subject that an operator has named, also just after it was taken back', async () => {
    const scene = await Scene.open();
    const issuer = await scene.register('iss_sub');
    const subjects = new StoredIssuerSubjects(world.transactions, new PostgresAuditLog());
    const { user } = (await scene.join()).resource;
    const of = { organization: scene.organization, user, issuer: issuer.issuer };
    const [kept, back] = [
      await subjects.add({ ...of, sub: 'kept' }, asking),
      await subjects.add({ ...of, sub: 'back' }, asking),
    ];
    await subjects.remove({ ...of, id: back.id }, asking);
    await expect(subjects.remove({ ...of, id: back.id }, asking)).rejects.toMatchObject({
      code: 'subject.unknown',
    });
    expect(await subjects.list(scene.organization, user)).toEqual([kept]);
    const entries = await world.query<{ bytes: Buffer }>(
      `select bytes from audit.entry where organization_id = $1 and action ~ '^user.subject_'`,
      [scene.organization],
    );
    expect(entries).toHaveLength(3);
    // What issuers call people is personal.
    expect(entries.map(({ bytes }) => bytes.toString()).join()).not.toMatch(/kept|back/);
    const id = await world.heart.revokeSubject({
      ...{ organization: scene.organization, scope: 'user', id: user, kind: 'admin' },
      ...{ reason: 'test', hold: false, actor: asking.actor },
      ...{ requestId: newId(), receivedAt: new Date() },
    });
    expect((await foreignOf(id)).sort()).toEqual(named(issuer, 'kept', 'back').sort());
  });

  it('has a subject for themselves alone, whoever names it first, and an organization of its own', async () => {
    const [scene, other] = [await Scene.open(), await Scene.open()];
    const subjects = new StoredIssuerSubjects(world.transactions, new PostgresAuditLog());
    const issuer = 'https://idp.example';
    const [ada, eve, far] = [
      (await scene.join()).resource,
      (await scene.join()).resource,
      (await other.join()).resource,
    ];
    const add = ({ user }: StoredResource, sub: string, { organization } = scene) =>
      subjects.add({ organization, user, issuer, sub }, asking);
    const race = await Promise.allSettled([add(ada, 'one'), add(eve, 'one')]);
    expect(race.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    await scene.edit(ada, (stored) => ({
      word: 'absent',
      next: { ...stored, attributes: called(issuer, 'two') },
    }));
    await expect(add(eve, 'two')).rejects.toMatchObject({ code: 'subject.taken' });
    await add(ada, 'two');
    await add(far, 'one', other);
    await expect(add(far, 'three', scene)).rejects.toMatchObject({ code: 'user.unknown' });
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
