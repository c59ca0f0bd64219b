// P1: durable before polite. P2: dead stays dead. P9: fail closed. Every request of every provider, over HTTP.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { UserId } from '../../../src/kernel/ids.js';
import { about, idpFixtures, person, type IdpFixture } from '../../support/idp-fixtures.js';
import { ScimServer, type ScimAnswer, type ScimClient } from '../../support/scim-server.js';

let server: ScimServer;

beforeAll(async () => {
  server = await ScimServer.open();
});

afterAll(() => server.close());

const patchOp = (value: unknown) => ({
  schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
  Operations: [{ op: 'replace', path: 'active', value }],
});

const MAKES_SO = { active: null, nobody: null, inactive: false, unreadable: 'maybe' } as const;

/** The person of the fixtures in an organization of their own, as the fixture finds them. */
async function scene(fixture: IdpFixture): Promise<{ client: ScimClient; id: string }> {
  const client = await server.client();
  const created = await server.send(client, 'POST', '/Users', { body: person });
  const { id } = created.body as { id: string };
  const value = MAKES_SO[fixture.before];
  if (value !== null) await server.send(client, 'PATCH', `/Users/${id}`, { body: patchOp(value) });
  return { client, id };
}

async function access(user: string) {
  const id = user as UserId;
  return {
    generation: await server.world.generation('user', id),
    holds: (await server.world.holds(id)).map((hold) => hold.split(':')[0]).sort(),
  };
}

describe('what identity providers send, over HTTP', () => {
  it.each(idpFixtures)('%s has its effect', async (_, fixture) => {
    const { client, id } = await scene(fixture);
    const subject = async (answer?: ScimAnswer) =>
      access(fixture.before === 'nobody' ? (answer?.body.id as string) : id);
    const before = fixture.before === 'nobody' ? null : await subject();

    const { method, path, headers, body } = about(fixture, id);
    const answer = await server.send(client, method, path, {
      headers,
      ...(body !== undefined && { body }),
    });

    const { expect: expected } = fixture;
    expect(answer.status).toBe(expected.status);
    if (expected.scimType !== undefined)
      expect(answer.body).toMatchObject({
        schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
        status: String(expected.status),
        scimType: expected.scimType,
      });
    if (expected.found !== undefined) expect(answer.body.totalResults).toBe(expected.found);

    const after = await subject(answer);
    switch (expected.access) {
      case 'gone':
        if (before !== null) expect(after.generation).toBe(before.generation + 1);
        expect(after.holds).toContain('scim');
        break;
      case 'held':
        expect(after).toEqual({ generation: before?.generation, holds: ['unreadable'] });
        break;
      case 'back':
        expect(after).toEqual({ generation: before?.generation, holds: [] });
        break;
      case 'kept':
        if (before !== null) expect(after).toEqual(before);
        else expect(after).toEqual({ generation: 1, holds: [] });
        break;
    }

    const now = await server.send(client, 'GET', `/Users/${(answer.body?.id ?? id) as string}`);
    if (method === 'DELETE') {
      expect(now.status).toBe(404);
      return;
    }
    if (expected.active !== undefined) expect(now.body.active).toBe(expected.active);
    if (expected.attributes !== undefined) expect(now.body).toMatchObject(expected.attributes);
    for (const name of expected.absent ?? []) expect(now.body).not.toHaveProperty(name);
  });
});
