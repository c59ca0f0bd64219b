// P7: organizations never meet. Every route of every door, with another organization's key, and with its ids.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId, type OrganizationId } from '../../../src/kernel/ids.js';
import { AdminApp } from '../../support/admin-app.js';

/** One organization with one of everything. */
interface Estate {
  readonly org: string;
  readonly key: string;
  readonly ids: Readonly<Record<string, string>>;
}

let app: AdminApp;
let ours: Estate;
let theirs: Estate;

const issuerOf = (org: string) => ({
  issuer: `https://${org}.example`,
  audience: 'api://things',
  jwks_url: 'https://idp.example/keys',
  subject: 'email',
});

async function estate(): Promise<Estate> {
  const org = await app.organization();
  const post = async (path: string, body: unknown) =>
    (await app.ask('POST', `/v1/organizations/${org}${path}`, { body })).body as { id: string };
  const { user, connection: source } = await app.person(org, 'ada@example.test');
  const group = await app.group(org, source, [user]);
  const device = (await post('/devices', { device_id: 'laptop' })).id;
  const family = await app.world.token(org as OrganizationId, user, device as never);
  const connection = (await post('/connections', { kind: 'scim', name: 'IdP' })).id;
  const apiKey = await post('/api-keys', { name: 'x', scopes: ['device-tokens:bootstrap'] });
  const adminKey = await post('/admin-keys', { name: 'x', role: 'auditor' });
  const issuer = await post('/issuers', issuerOf(org));
  const named = { issuer: 'https://idp.example', sub: 'pairwise' };
  const subject = await post(`/users/${user}/subjects`, named);
  const made = await post('/revocations', {
    subject: { scope: 'user', id: user },
    reason: 'x',
    hold: true,
  });
  return {
    org,
    key: await app.adminKey(org),
    ids: {
      org,
      user,
      device,
      family,
      connection,
      issuer: issuer.id,
      subject: subject.id,
      key: apiKey.id,
      'admin-key': adminKey.id,
      case: made.id,
      hold: 'admin',
      group,
    },
  };
}

beforeAll(async () => {
  app = await AdminApp.start();
  [ours, theirs] = [await estate(), await estate()];
});

afterAll(() => app.stop());

/** What each route with a body takes, said in terms of the victim's ids. */
const bodies = (of: Estate): Readonly<Record<string, unknown>> => ({
  'PATCH /v1/organizations/{org}': { allow_ownerless: true },
  'POST /v1/organizations': { name: 'x' },
  'POST /v1/organizations/{org}/connections': {
    kind: 'scim',
    name: 'x',
    identities_from: of.ids['connection'],
  },
  'PATCH /v1/organizations/{org}/connections/{connection}': { silence_after_s: null },
  'POST /v1/organizations/{org}/connections/{connection}/secrets': { overlap_s: 0 },
  'PUT /v1/organizations/{org}/access-groups/{group}': { apply: true },
  'PUT /v1/organizations/{org}/connections/{connection}/client-keys': { keys: [] },
  'POST /v1/organizations/{org}/admin-keys': { name: 'x', role: 'owner' },
  'POST /v1/organizations/{org}/api-keys': { name: 'x', scopes: ['device-tokens:bootstrap'] },
  'POST /v1/organizations/{org}/devices': { device_id: 'y' },
  'POST /v1/organizations/{org}/issuers': issuerOf('another'),
  'POST /v1/organizations/{org}/users/{user}/subjects': { issuer: 'x', sub: 'y' },
  'POST /v1/organizations/{org}/revocations': {
    subject: { scope: 'user', id: of.ids['user'] },
    reason: 'x',
  },
  'PUT /v1/organizations/{org}/roster-demands/{epoch}/confirmation': { reason: 'x' },
  'POST /v1/admin-keys': { name: 'x', role: 'owner' },
  'POST /v1/gateways': { name: 'x' },
  'POST /v1/revocations': { subject: { scope: 'kid', id: app.tokenKid }, reason: 'x' },
});

/** The path with ids of the one organization, under another. */
function pathOf(pattern: string, org: string, ids: Estate['ids']): string {
  const key = pattern.includes('/admin-keys/') ? ids['admin-key'] : ids['key'];
  return pattern
    .replace('{org}', org)
    .replace('{key}', key!)
    .replaceAll(/\{([^}]+)\}/g, (_, name: string) => ids[name] ?? newId());
}

/**
 * Everything that an organization has, as one text. Its audit log is not among it: refusals are written there. Nor is
 * what its own connections asked for, which is written a moment later.
 */
async function everythingOf({ org }: Estate): Promise<string> {
  const tables = await app.world.query<{ name: string }>(
    `select c.table_name as name from information_schema.columns c
       join information_schema.tables t using (table_schema, table_name)
      where c.table_schema = 'public' and c.column_name = 'organization_id' and t.table_type = 'BASE TABLE'
        and c.table_name !~ '^connection_(health|counts|requests|secret_uses)$'
      order by 1`,
  );
  const parts: string[] = [];
  for (const { name } of tables) {
    const [row] = await app.world.query<{ all: string | null }>(
      `select string_agg(t::text, '|' order by t::text) as all from ${name} t where organization_id = $1`,
      [org],
    );
    parts.push(`${name}: ${row?.all ?? ''}`);
  }
  const [organization] = await app.world.query('select * from organizations where id = $1', [org]);
  return `${parts.join('\n')}\n${JSON.stringify(organization)}`;
}

const admin = () => app.documented.operationsOpenedBy('admin_key');

describe('a key of another organization', () => {
  it('finds nothing under any path of ours, and changes nothing', async () => {
    const before = await everythingOf(ours);
    const operations = admin().filter((operation) => operation.includes('{org}'));
    expect(operations.length).toBeGreaterThan(25);
    for (const operation of operations) {
      const [method = '', pattern = ''] = operation.split(' ');
      const answer = await app.ask(method, pathOf(pattern, ours.org, ours.ids), {
        key: theirs.key,
        body: bodies(ours)[operation],
      });
      expect([operation, answer.status, answer.body.code]).toEqual([
        operation,
        404,
        'organization.unknown',
      ]);
    }
    expect(await everythingOf(ours)).toBe(before);
  });

  it('is answered exactly as if the organization did not exist', async () => {
    const ask = async (org: string) => {
      const { body } = await app.ask('GET', `/v1/organizations/${org}/users`, { key: theirs.key });
      return { ...body, request_id: null };
    };
    expect(await ask(ours.org)).toEqual(await ask(newId()));
    expect(await ask(ours.org)).toEqual(await ask('no-uuid'));
  });

  it('finds none of our ids under its own paths, and changes nothing', async () => {
    const before = await everythingOf(ours);
    const operations = admin().filter((operation) => /\{org\}.*\{/.test(operation));
    expect(operations.length).toBeGreaterThan(12);
    for (const operation of operations) {
      const [method = '', pattern = ''] = operation.split(' ');
      const answer = await app.ask(method, pathOf(pattern, theirs.org, ours.ids), {
        key: theirs.key,
        body: bodies(ours)[operation],
      });
      expect([operation, answer.status]).toEqual([operation, 404]);
      expect(answer.body.code).toMatch(/\.unknown$/);
    }
    expect(await everythingOf(ours)).toBe(before);
  });

  it.each(['user', 'device', 'family', 'org', 'key'])(
    'revokes nothing of ours by naming our %s in a body',
    async (name) => {
      const before = await everythingOf(ours);
      const scope = name === 'key' ? 'api_key' : name;
      const answer = await app.ask('POST', `/v1/organizations/${theirs.org}/revocations`, {
        key: theirs.key,
        body: { subject: { scope, id: ours.ids[name] }, reason: 'x' },
      });
      expect(answer.status).toBe(404);
      expect(await everythingOf(ours)).toBe(before);
    },
  );

  it('mixes no half of ours into an assignment', async () => {
    const before = [await everythingOf(ours), await everythingOf(theirs)];
    for (const [device, user] of [
      [ours.ids['device'], theirs.ids['user']],
      [theirs.ids['device'], ours.ids['user']],
    ]) {
      const path = `/v1/organizations/${theirs.org}/devices/${device}/assignments/${user}`;
      for (const method of ['PUT', 'DELETE'])
        expect((await app.ask(method, path, { key: theirs.key })).status).toBe(404);
    }
    expect([await everythingOf(ours), await everythingOf(theirs)]).toEqual(before);
  });

  it('makes no gateway believe an issuer, not even for its own organization', async () => {
    const answer = await app.ask('POST', `/v1/organizations/${theirs.org}/issuers`, {
      key: theirs.key,
      body: issuerOf('another'),
    });
    expect(answer.body).toMatchObject({ status: 403, code: 'credential.role_missing' });
  });

  it('borrows no identities from our connection', async () => {
    const answer = await app.ask('POST', `/v1/organizations/${theirs.org}/connections`, {
      key: theirs.key,
      body: { kind: 'okta-event-hook', name: 'x', identities_from: ours.ids['connection'] },
    });
    expect(answer.body).toMatchObject({ status: 404, code: 'connection.unknown' });
  });

  it.each([
    'users',
    'devices?user=',
    'cases?user=',
    'audit/events?case=',
    'connections',
    'issuers',
    'api-keys',
    'admin-keys',
  ])('sees nothing of ours in its own lists: %s', async (list) => {
    const id = list.includes('case=') ? ours.ids['case'] : ours.ids['user'];
    const path = list.endsWith('=') ? `${list}${id}` : list;
    const { body } = await app.ask('GET', `/v1/organizations/${theirs.org}/${path}`, {
      key: theirs.key,
    });
    const text = JSON.stringify(body.items);
    for (const [name, ourId] of Object.entries(ours.ids))
      if (name !== 'hold') expect(text).not.toContain(ourId);
  });

  it('lists one organization: its own', async () => {
    const { body } = await app.ask('GET', '/v1/organizations', { key: theirs.key });
    expect(body.items.map(({ id }: { id: string }) => id)).toEqual([theirs.org]);
  });

  it('finds nothing where the installation is meant', async () => {
    const operations = admin().filter(
      (operation) => !operation.includes('{org}') && operation !== 'GET /v1/organizations',
    );
    expect(operations.length).toBeGreaterThan(7);
    for (const operation of operations) {
      const [method = '', pattern = ''] = operation.split(' ');
      const answer = await app.ask(method, pathOf(pattern, '', ours.ids), {
        key: theirs.key,
        body: bodies(ours)[operation],
      });
      expect([operation, answer.status, answer.body.code]).toEqual([
        operation,
        404,
        'request.path_unknown',
      ]);
    }
  });

  it('leaves a trace in the log of its own organization', async () => {
    const { body } = await app.ask(
      'GET',
      `/v1/organizations/${theirs.org}/audit/events?action=request.refused`,
    );
    expect(body.items[0]).toMatchObject({
      outcome: 'refused',
      actor: { type: 'admin_key' },
      detail: { code: 'request.path_unknown' },
    });
  });
});

describe('a credential of another door', () => {
  it('opens nothing here', async () => {
    const { body: connection } = await app.ask(
      'POST',
      `/v1/organizations/${ours.org}/connections`,
      {
        body: { kind: 'scim', name: 'x' },
      },
    );
    const { body: api } = await app.ask('POST', `/v1/organizations/${ours.org}/api-keys`, {
      body: { name: 'x', scopes: ['device-tokens:bootstrap'] },
    });
    const { body: gateway } = await app.ask('POST', '/v1/gateways', { body: { name: 'edge' } });
    for (const key of [connection.secret, api.key, gateway.key] as string[]) {
      const answer = await app.ask('GET', `/v1/organizations/${ours.org}/users`, { key });
      expect(answer.body).toMatchObject({ status: 401, code: 'credential.invalid' });
    }
  });
});

describe('the other doors', () => {
  const scim = async (org: string) => {
    const { body } = await app.ask('POST', `/v1/organizations/${org}/connections`, {
      body: { kind: 'scim', name: 'IdP' },
    });
    return body.secret as string;
  };
  const backend = async (org: string) => {
    const { body } = await app.ask('POST', `/v1/organizations/${org}/api-keys`, {
      body: { name: 'backend', scopes: ['device-tokens:bootstrap'] },
    });
    return body.key as string;
  };
  const person = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: 'eve' };

  it('SCIM finds no resource of another organization, nor of another connection', async () => {
    const [mine, sibling, foreign] = [
      await scim(ours.org),
      await scim(ours.org),
      await scim(theirs.org),
    ];
    const { body: made } = await app.ask('POST', '/scim/v2/Users', { key: mine, body: person });
    const before = await everythingOf(ours);
    const path = `/scim/v2/Users/${String(made.id)}`;
    const gone = {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'active', value: false }],
    };
    for (const key of [foreign, sibling]) {
      expect((await app.ask('GET', path, { key })).status).toBe(404);
      expect((await app.ask('PUT', path, { key, body: person })).status).toBe(404);
      expect((await app.ask('PATCH', path, { key, body: gone })).status).toBe(404);
      expect((await app.ask('DELETE', path, { key })).status).toBe(404);
      const filter = encodeURIComponent('userName eq "eve"');
      const { body } = await app.ask('GET', `/scim/v2/Users?filter=${filter}`, { key });
      expect(body.totalResults).toBe(0);
    }
    expect(await everythingOf(ours)).toBe(before);
  });

  it('SCIM gives the same user name to two organizations, as two people', async () => {
    const answers = [ours, theirs].map(async ({ org }) =>
      app.ask('POST', '/scim/v2/Users', {
        key: await scim(org),
        body: { ...person, userName: 'ada@example.test' },
      }),
    );
    const [mine, foreign] = await Promise.all(answers);
    expect([mine?.status, foreign?.status]).toEqual([201, 201]);
    // Linked to the person of the own organization who has this name, and to nobody else's.
    const resourcesOf = async ({ org, ids }: Estate) => {
      const { body } = await app.ask('GET', `/v1/organizations/${org}/users/${ids['user']}`);
      return (body.resources as { id: string }[]).map(({ id }) => id);
    };
    expect(await resourcesOf(ours)).toEqual([ours.ids['user'], mine?.body.id]);
    expect(await resourcesOf(theirs)).toEqual([theirs.ids['user'], foreign?.body.id]);
  });

  it('enrolment finds no person of another organization, and makes devices of its own', async () => {
    const key = await backend(theirs.org);
    const before = await everythingOf(ours);
    const enrol = (body: object) =>
      app.ask('POST', '/api/v1/device-auth/token', {
        key: null,
        headers: { 'x-api-key': key },
        body,
      });
    const named = await enrol({ device_id: 'laptop', user: { id: ours.ids['user'] } });
    expect(named.body).toMatchObject({ status: 404, code: 'user.unknown' });
    // The same string names our laptop and theirs: the key decides which.
    expect((await enrol({ device_id: ours.ids['device'] })).status).not.toBe(201);
    expect(await everythingOf(ours)).toBe(before);
  });

  it('a webhook of one organization reaches nobody of another', async () => {
    const hook = async (org: string) =>
      (
        await app.ask('POST', `/v1/organizations/${org}/connections`, {
          body: { kind: 'okta-event-hook', name: 'Okta' },
        })
      ).body as { id: string; secret: string };
    const [mine, foreign] = [await hook(ours.org), await hook(theirs.org)];
    const before = await everythingOf(ours);
    const crossed = await app.ask('POST', `/webhooks/${mine.id}`, {
      key: null,
      headers: { authorization: foreign.secret },
      body: {},
    });
    expect(crossed.status).toBe(401);
    expect(await everythingOf(ours)).toBe(before);
  });
});
