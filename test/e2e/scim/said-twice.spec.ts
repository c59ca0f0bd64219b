// P4: nothing is undone and nothing happens twice: what an IdP says again changes neither version, time nor ETag.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { about, idpFixtures, person } from '../../support/idp-fixtures.js';
import { ScimServer } from '../../support/scim-server.js';

let server: ScimServer;

beforeAll(async () => {
  server = await ScimServer.open();
});

afterAll(() => server.close());

const changes = idpFixtures.filter(
  ([, { request, before, expect: expected }]) =>
    ['PUT', 'PATCH'].includes(request.method) && before !== 'nobody' && expected.status === 200,
);

describe('a request that was understood', () => {
  it.each(changes)('%s changes nothing when it is sent again', async (_, fixture) => {
    const client = await server.client();
    const created = await server.send(client, 'POST', '/Users', { body: person });
    const { method, path, headers, body } = about(fixture, created.body.id as string);
    const send = () =>
      server.send(client, method, path, { headers, ...(body !== undefined && { body }) });
    const first = await send();
    const again = await send();
    expect([first.status, again.status]).toEqual([200, 200]);
    expect(again.body).toEqual(first.body);
    expect(again.headers.get('etag')).toBe(first.headers.get('etag'));
    const [row] = await server.world.query<{ n: number }>(
      `select count(*)::int as n from audit.entry where organization_id = $1 and action = 'user.changed'`,
      [client.organization],
    );
    expect(row!.n).toBeLessThanOrEqual(1);
  });
});
