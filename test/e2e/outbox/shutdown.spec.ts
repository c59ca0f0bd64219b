// P4: a process that is asked to end first sends what it has committed, and the next one goes on at once.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { newId } from '../../../src/kernel/ids.js';
import { eventually } from '../../support/eventually.js';
import { bearer, RunningService } from '../../support/running-service.js';

let service: RunningService;
beforeAll(async () => {
  service = await RunningService.start();
}, 60_000);
afterAll(() => service.world.close());

it('what was answered is acknowledged by the broker before the service has ended', async () => {
  const ready = async () => (await service.ask('GET', '/health/ready')).body.publisher.topics;
  await eventually(async () => (await ready()) === 'ready');
  const organization = await service.admin('POST', '/v1/organizations', { name: 'Example' });
  const { body } = await service.admin(
    'POST',
    `/v1/organizations/${organization.body.id}/connections`,
    { kind: 'scim', name: 'an IdP' },
  );
  const scim = (method: string, path: string, content?: unknown) =>
    service.ask(method, `/scim/v2${path}`, {
      headers: bearer(body.secret as string),
      ...(content !== undefined && { body: content }),
    });
  const people = await Promise.all(
    Array.from({ length: 20 }, () =>
      scim('POST', '/Users', {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
        userName: `${newId()}@example.com`,
      }),
    ),
  );
  await Promise.all(people.map((person) => scim('DELETE', `/Users/${person.body.id}`)));
  await service.app.close();
  const count = async (table: string) =>
    (await service.world.query<{ count: number }>(`select count(*)::integer from ${table}`))[0]!
      .count;
  expect([await count('outbox'), await count('outbox_acks')]).toEqual([20, 20]);
  const holders = await service.world.query('select holder from watermark_heads');
  expect(holders).toEqual([{ holder: null }, { holder: null }, { holder: null }]);
}, 60_000);
