// P1: a wait never makes a committed revocation less committed. P3: "enforced" is answered when it is so. P7: organizations never meet.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CaseWaits } from '../../../src/admin/case-waits.js';
import { newId } from '../../../src/kernel/ids.js';
import { AdminApp, type Answer } from '../../support/admin-app.js';
import { eventually } from '../../support/eventually.js';

let app: AdminApp;
let org: string;
const at = (path: string) => `/v1/organizations/${org}${path}`;
const waiters = (of = app): number => of.app.get(CaseWaits, { strict: false }).waiters;

beforeAll(async () => {
  app = await AdminApp.start();
  org = await app.organization();
});
afterAll(() => app.stop());

async function device(): Promise<string> {
  return (await app.ask('POST', at('/devices'), { body: { device_id: newId() } })).body.id;
}

async function revoke(prefer?: string, of = app): Promise<Answer> {
  const body = { subject: { scope: 'device', id: await device() }, reason: 'lost' };
  const headers = { ...(prefer !== undefined && { prefer }) };
  return of.ask('POST', at('/revocations'), { body, headers });
}

/** Kafka is away in this test: what broker and gateways would answer is written down here. */
const acknowledge = (id: string) =>
  app.world.query(
    `insert into outbox_acks (digest, partition, "offset", acked_at, committed_at)
     select digest, partition, 1, now(), now() from outbox where case_id = $1 on conflict do nothing`,
    [id],
  );

async function withGateway<T>(name: string, act: (answer: (id: string) => Promise<unknown>) => T) {
  const made = await app.ask('POST', '/v1/gateways', { body: { name } });
  const boot = newId();
  await app.world.query(
    `insert into gateway_processes (gateway_id, boot, version, policy, public_key, lease_until)
     values ($1, $2, '1', 'strict', '{}', now() + interval '1 h')`,
    [made.body.id, boot],
  );
  try {
    return await act((id) =>
      app.world.query(
        `insert into gateway_applied (digest, gateway_id, boot, applied_at, received_at)
         select digest, $2, $3, now(), now() from outbox where case_id = $1`,
        [id, made.body.id, boot],
      ),
    );
  } finally {
    await app.ask('DELETE', `/v1/gateways/${made.body.id}`);
  }
}

describe('a case that is waited for', () => {
  it('is answered when every gateway has applied it, and not before', async () => {
    await withGateway('edge', async (answer) => {
      const { id } = (await revoke()).body;
      const waiting = [1, 2, 3].map(() => app.ask('GET', at(`/cases/${id}?wait=enforced`)));
      await eventually(() => waiters() === 3);
      await acknowledge(id);
      expect(waiters()).toBe(3);
      await answer(id);
      for (const { status, body } of await Promise.all(waiting)) {
        expect([status, body.state]).toEqual([200, 'enforced']);
        expect(body.gateways).toMatchObject([{ name: 'edge', state: 'applied' }]);
        expect(body.timeline.last_enforced_at).toEqual(expect.any(String));
      }
      expect(waiters()).toBe(0);
    });
  });

  it('is answered at once when it is settled already', async () => {
    const { id } = (await revoke()).body;
    await acknowledge(id);
    const answer = await app.ask('GET', at(`/cases/${id}?wait=enforced`));
    expect(answer).toMatchObject({ status: 200, body: { state: 'bounded', gateways: [] } });
  });

  it('is answered as it is after the time that the client prefers, which it is told', async () => {
    const { id } = (await revoke()).body;
    const headers = { prefer: 'respond-async, wait=1' };
    const answer = await app.ask('GET', at(`/cases/${id}?wait=enforced`), { headers });
    expect(answer).toMatchObject({ status: 200, body: { id, state: 'open' } });
    expect(answer.headers.get('preference-applied')).toBe('wait=1');
  });

  it('of another organization is unknown, and nobody waits', async () => {
    const { id } = (await revoke()).body;
    const other = await app.organization();
    const own = await app.adminKey(other, 'auditor');
    for (const [key, path] of [
      [own, at(`/cases/${id}?wait=enforced`)],
      [own, `/v1/organizations/${other}/cases/${id}?wait=enforced`],
      [undefined, `/v1/organizations/${other}/cases/${id}?wait=enforced`],
    ] as const)
      expect((await app.ask('GET', path, key === undefined ? {} : { key })).status).toBe(404);
    expect(waiters()).toBe(0);
  });

  it('is waited for in one way only', async () => {
    const { id } = (await revoke()).body;
    const answer = await app.ask('GET', at(`/cases/${id}?wait=bounded`));
    expect(answer.body).toMatchObject({ status: 400, code: 'request.invalid_value' });
    const other = await app.ask('GET', at(`/cases/${id}?await=enforced`));
    expect(other.body).toMatchObject({ status: 400, code: 'request.unknown_parameter' });
  });

  it('costs nothing any more when the client hangs up', async () => {
    const { id } = (await revoke()).body;
    const gone = new AbortController();
    const asked = fetch(`${app.url}${at(`/cases/${id}?wait=enforced`)}`, {
      headers: { authorization: `Bearer ${app.ownerKey}` },
      signal: gone.signal,
    });
    await eventually(() => waiters() === 1);
    gone.abort();
    await expect(asked).rejects.toThrow('abort');
    await eventually(() => waiters() === 0);
  });

  it('is 503 for those for whom there is no room', async () => {
    const { id } = (await revoke()).body;
    const gone = new AbortController();
    const ask = () =>
      fetch(`${app.url}${at(`/cases/${id}?wait=enforced`)}`, {
        headers: { authorization: `Bearer ${app.ownerKey}` },
        signal: gone.signal,
      });
    const asked = Array.from({ length: 200 }, ask);
    await eventually(() => waiters() === 200);
    const answer = await app.ask('GET', at(`/cases/${id}?wait=enforced`));
    expect(answer.body).toMatchObject({ status: 503, code: 'service.overloaded' });
    expect(answer.headers.get('retry-after')).not.toBeNull();
    // A revocation is done all the same, and answered without waiting.
    const revoked = await revoke('wait=50');
    expect(revoked).toMatchObject({ status: 201, body: { state: 'open' } });
    expect(revoked.headers.get('preference-applied')).toBeNull();
    gone.abort();
    await Promise.allSettled(asked);
    await eventually(() => waiters() === 0);
  });
});

describe('a revocation whose sender prefers to wait', () => {
  it('is answered when its case is settled', async () => {
    const asked = revoke('wait=20');
    await eventually(() => waiters() === 1);
    const [made] = await app.world.query<{ id: string }>(
      'select id from cases order by id desc limit 1',
    );
    const id = made!.id;
    await acknowledge(id);
    const answer = await asked;
    expect(answer).toMatchObject({ status: 201, body: { id, state: 'bounded' } });
    expect(answer.headers.get('preference-applied')).toBe('wait=20');
  });

  it('is answered after that time all the same: it was committed before', async () => {
    const answer = await revoke('wait=1');
    expect(answer).toMatchObject({ status: 201, body: { state: 'open' } });
    expect(answer.headers.get('preference-applied')).toBe('wait=1');
  });

  it('is answered at once when its preference says nothing that we know', async () => {
    const answer = await revoke('wait=soon');
    expect(answer.status).toBe(201);
    expect(answer.headers.get('preference-applied')).toBeNull();
  });

  it('is answered 201 when the database goes away while it waits', async () => {
    const asked = revoke('wait=2');
    await eventually(() => waiters() === 1);
    app.wire.cut();
    try {
      await expect(asked).resolves.toMatchObject({ status: 201, body: { state: 'open' } });
    } finally {
      app.wire.heal();
    }
  });
});

it('a service that ends answers those who wait with the case as it is', async () => {
  const replica = await AdminApp.start({ beside: app });
  const { id } = (await revoke()).body;
  const read = replica.ask('GET', at(`/cases/${id}?wait=enforced`));
  const revoked = revoke('wait=50', replica);
  await eventually(() => waiters(replica) === 2);
  await replica.leave();
  await expect(read).resolves.toMatchObject({ status: 200, body: { id, state: 'open' } });
  await expect(revoked).resolves.toMatchObject({ status: 201, body: { state: 'open' } });
});
