// P1: durable before polite. P2: dead stays dead. P9: fail closed. Every provider's "gone", seen at a gateway.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../src/kernel/ids.js';
import { eventually } from '../support/eventually.js';
import { about, idpFixtures, person, type IdpFixture } from '../support/idp-fixtures.js';
import type { RunningGateway } from '../support/running-gateway.js';
import { bearer, RunningService, type Answered } from '../support/running-service.js';

let service: RunningService;
let gateway: RunningGateway;
let organization: string;
let apiKey: string;

beforeAll(async () => {
  service = await RunningService.start();
  gateway = await service.gateway();
  organization = (await service.admin('POST', '/v1/organizations', { name: 'Example' })).body.id;
  const key = await service.admin('POST', `/v1/organizations/${organization}/api-keys`, {
    name: 'backend',
    scopes: ['device-tokens:bootstrap'],
  });
  apiKey = key.body.key;
  await eventually(() => gateway.state === 'fresh');
}, 60_000);

afterAll(async () => {
  await gateway.stop();
  await service.stop();
});

type Scim = (method: string, path: string, body?: unknown, headers?: object) => Promise<Answered>;

/** A connection whose people are its own: each fixture has the same person. */
async function connect(): Promise<Scim> {
  const { body } = await service.admin('POST', `/v1/organizations/${organization}/connections`, {
    kind: 'scim',
    name: 'an IdP',
    link: 'none',
  });
  return (method, path, content, headers = {}) =>
    service.ask(method, `/scim/v2${path}`, {
      headers: { ...bearer(body.secret as string), ...headers },
      ...(content !== undefined && { body: content }),
    });
}

/** The backend asks for a bootstrap token for the person. */
const ask = (id: string, device = newId()): Promise<Answered> =>
  service.ask('POST', '/api/v1/device-auth/token', {
    headers: { 'x-api-key': apiKey },
    body: { device_id: device, user: { id } },
  });

interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

async function enrol(id: string): Promise<Tokens> {
  const device = newId();
  const bootstrap = await ask(id, device);
  expect(bootstrap.status).toBe(201);
  const redeemed = await service.ask('POST', '/api/v1/device-auth/bootstrap', {
    headers: bearer(bootstrap.body.bootstrap_token as string),
    body: { device_identifier: device },
  });
  expect(redeemed.status).toBe(201);
  return redeemed.body as Tokens;
}

const refresh = async ({ refresh_token }: Tokens): Promise<number> =>
  (await service.ask('POST', '/api/v1/device-auth/refresh', { body: { refresh_token } })).status;

const denied = ({ access_token }: Tokens): Promise<void> =>
  eventually(() => gateway.outcome(access_token).startsWith('deny'));

const activeIs = (value: unknown) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [{ op: 'replace', path: 'active', value }],
});

const changing = idpFixtures.filter(([, { request }]) => request.method !== 'GET');

async function send(scim: Scim, fixture: IdpFixture, id: string): Promise<Answered> {
  const { method, path, body, headers } = about(fixture, id);
  const answer = await scim(method, path, body, headers);
  expect(answer.status).toBe(fixture.expect.status);
  return answer;
}

describe('what identity providers send, as gateways and devices see it', () => {
  it.each(changing.filter(([, { before }]) => before !== 'nobody'))('%s', async (_, fixture) => {
    const scim = await connect();
    const id = (await scim('POST', '/Users', person)).body.id as string;
    const tokens = await enrol(id);
    expect(gateway.outcome(tokens.access_token)).toBe('allow');
    if (fixture.before === 'inactive') await scim('PATCH', `/Users/${id}`, activeIs(false));
    if (fixture.before === 'unreadable') await scim('PATCH', `/Users/${id}`, activeIs('maybe'));

    await send(scim, fixture, id);

    const isDead = fixture.before === 'inactive' || fixture.expect.access === 'gone';
    const mayEnrol =
      fixture.expect.access === 'back' ||
      (fixture.expect.access === 'kept' && fixture.before === 'active');
    if (isDead) await denied(tokens);
    else expect(gateway.outcome(tokens.access_token)).toBe('allow');
    expect((await ask(id)).status).toBe(mayEnrol ? 201 : 403);
    // Dead for good is a 401; who is only held may come back, with the same secret.
    expect(await refresh(tokens)).toBe(isDead ? 401 : mayEnrol ? 200 : 403);
    if (!mayEnrol) return;
    const again = await enrol(id);
    expect(gateway.outcome(again.access_token)).toBe('allow');
    // Back is not undone: what was dead stays dead.
    if (isDead) expect(gateway.outcome(tokens.access_token)).toMatch(/^deny/);
  });

  it.each(changing.filter(([, { before }]) => before === 'nobody'))('%s', async (_, fixture) => {
    const scim = await connect();
    const { body } = await send(scim, fixture, '');
    if (fixture.expect.access === 'gone') {
      expect((await ask(body.id as string)).status).toBe(403);
      return;
    }
    const tokens = await enrol(body.id as string);
    expect(gateway.outcome(tokens.access_token)).toBe('allow');
  });
});

/** An access group with one member, of a connection of its own. */
async function accessGroup() {
  const connection = await service.admin('POST', `/v1/organizations/${organization}/connections`, {
    kind: 'scim',
    name: 'an IdP',
    link: 'none',
  });
  const scim: Scim = (method, path, content) =>
    service.ask(method, `/scim/v2${path}`, {
      headers: bearer(connection.body.secret as string),
      ...(content !== undefined && { body: content }),
    });
  const id = (await scim('POST', '/Users', person)).body.id as string;
  const body = { displayName: 'Staff', members: [{ value: id }] };
  const group = (await scim('POST', '/Groups', body)).body.id as string;
  const path = `/v1/organizations/${organization}/access-groups/${group}`;
  expect(await service.admin('PUT', path, {})).toMatchObject({ status: 200, body: { outside: 0 } });
  return { scim, id, group };
}

describe('who leaves the group that access comes from, as gateways and devices see it', () => {
  it.each([
    ['Okta', { op: 'remove', path: 'members[value eq "{id}"]' }],
    ['Entra', { op: 'Remove', path: 'members', value: [{ value: '{id}' }] }],
  ])('by a PATCH of %s is denied, and comes back to new tokens only', async (_, operation) => {
    const { scim, id, group } = await accessGroup();
    const tokens = await enrol(id);
    expect(gateway.outcome(tokens.access_token)).toBe('allow');
    const leaving = JSON.parse(JSON.stringify(operation).replaceAll('{id}', id)) as object;
    expect((await scim('PATCH', `/Groups/${group}`, { Operations: [leaving] })).status).toBe(204);
    await denied(tokens);
    expect((await ask(id)).status).toBe(403);
    expect(await refresh(tokens)).toBe(401);
    const joining = { op: 'add', path: 'members', value: [{ value: id }] };
    expect((await scim('PATCH', `/Groups/${group}`, { Operations: [joining] })).status).toBe(204);
    const again = await enrol(id);
    expect(gateway.outcome(again.access_token)).toBe('allow');
    expect(gateway.outcome(tokens.access_token)).toMatch(/^deny/);
    expect((await scim('DELETE', `/Groups/${group}`)).status).toBe(204);
    await denied(again);
  });
});
