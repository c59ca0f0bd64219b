// P2, P3, P4: a database that was restored from an older copy brings nobody back, and says so until it is recovered.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Company, type Enrolled } from '../../support/company.js';
import { eventually } from '../../support/eventually.js';
import { programOf } from '../../support/from-source.js';
import { privatePostgres, type PrivatePostgres } from '../../support/private-servers.js';
import type { RunningGateway } from '../../support/running-gateway.js';
import { RunningService } from '../../support/running-service.js';
import { World } from '../../support/world.js';

let postgres: PrivatePostgres;
let world: World;
let service: RunningService;
let gateway: RunningGateway;
let company: Company;
let leaver: Enrolled;
let stayer: Enrolled;
/** The signing key that is revoked after the copy: announced, and not yet in use. */
let lostKid: string;

beforeAll(async () => {
  postgres = await privatePostgres();
  world = await World.open(await postgres.createDatabase());
  service = await RunningService.start(world);
  lostKid = service.identity.tokenKeys.keys[1]!.kid;
  company = await Company.found(service);
  [leaver, stayer] = [await company.enrol(service), await company.enrol(service)];
  gateway = await service.gateway();
  await eventually(() => gateway.outcome(leaver.token) === 'allow');
}, 120_000);

afterAll(async () => {
  await gateway.stop();
  await service.stop();
  await postgres.stop();
}, 60_000);

const codeOf = async (asked: ReturnType<RunningService['ask']>): Promise<string> => {
  const { status, body } = await asked;
  return status === 503 ? `503 ${body.code ?? ''}` : String(status);
};

const needsRecovery = async (): Promise<boolean> =>
  (await codeOf(service.admin('GET', '/v1/organizations'))) === '503 store.recovery_needed';

/** `offswitch recover` beside the service, with the service's own environment. */
async function recover(
  ...flags: string[]
): Promise<{ readonly code: number; readonly said: string }> {
  const [node, file] = programOf('src/cli/offswitch.ts');
  const child = spawn(process.execPath, [...node, file, 'recover', ...flags], {
    env: { ...process.env, ...service.environment },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number];
  return { code, said };
}

describe('a restore of an older copy under a running service and a running gateway', () => {
  it('brings back nobody at the gateway, and the service stops issuing until it is recovered', async () => {
    await postgres.copy();
    await eventually(async () => (await company.leave(service, leaver.user)).status === 200);
    const revoked = await service.admin('POST', '/v1/revocations', {
      subject: { scope: 'kid', id: lostKid },
      reason: 'leaked',
    });
    expect(revoked.status).toBe(201);
    await eventually(() => gateway.outcome(leaver.token) === 'deny: revoked.user');
    await eventually(async () => {
      const left = await world.query('select from outbox_pending');
      return left.length === 0;
    });
    await postgres.restore();
    await eventually(needsRecovery);
    expect(await codeOf(company.leave(service, stayer.user))).toMatch(/^503/);
    expect(gateway.outcome(leaver.token)).toMatch(/^(deny|unsure)/);
    await eventually(() => gateway.outcome(stayer.token) !== 'allow');
  });

  it('is found again by a service that starts on it, which keeps the chains as they are', async () => {
    const before = await world.query('select digest from watermark_heads order by partition');
    service = await service.again();
    await eventually(needsRecovery);
    expect(await codeOf(service.ask('GET', '/health/ready'))).toMatch(/^503/);
    expect(await world.query('select digest from watermark_heads order by partition')).toEqual(
      before,
    );
  });

  it('is refused a recovery while a service holds the chains, and nothing changes', async () => {
    await world.query(
      `update watermark_heads set leased_until = clock_timestamp() + interval '1 hour'`,
    );
    const { code, said } = await recover();
    expect(code).toBe(1);
    expect(said).toContain('stop every replica');
    expect(await world.query('select epoch::integer from installation')).toEqual([{ epoch: 1 }]);
    await world.query(`update watermark_heads set leased_until = null`);
  });

  it('is mended by a recovery: the leaver stays out, the others are let in, in a new epoch', async () => {
    await service.app.close();
    const { code, said } = await recover();
    expect(said).toContain('Epoch 2 begins');
    expect(code).toBe(0);
    service = await service.again();
    await eventually(() => gateway.outcome(stayer.token) === 'allow');
    expect(gateway.outcome(leaver.token)).toBe('deny: revoked.user');
    expect((await company.refresh(service, leaver)).status).toBe(401);
    expect((await company.refresh(service, stayer)).status).toBe(200);
    const at = `/v1/organizations/${company.id}`;
    const { body: person } = await service.admin('GET', `${at}/users/${leaver.user}`);
    expect(person.holds.map(({ name }: { name: string }) => name)).toEqual(['recovery']);
    const { body: cases } = await service.admin('GET', `${at}/cases?user=${leaver.user}`);
    expect(cases.items).toMatchObject([{ cause: { kind: 'scim' }, subject: { scope: 'user' } }]);
    expect(cases.items[0].timeline.broker_acked_at).not.toBeNull();
    const { body: events } = await service.admin(
      'GET',
      `${at}/audit/events?action=recovery.adopted`,
    );
    expect(events.items).toHaveLength(1);
    expect(await world.query('select kid from revoked_kids')).toEqual([{ kid: lostKid }]);
  });

  it('stays degraded until somebody has confirmed that the IdPs have said again who is there', async () => {
    const ready = async () => (await service.ask('GET', '/health/ready')).body;
    await eventually(async () => (await ready()).publisher?.topics === 'ready');
    expect(await ready()).toMatchObject({ status: 'degraded', rosters_demanded: 1 });
    const { body: open } = await service.admin('GET', '/v1/roster-demands');
    expect(open.items).toMatchObject([{ org: company.id, epoch: 2, confirmed_at: null }]);
    const one = `/v1/organizations/${company.id}/roster-demands/2/confirmation`;
    const confirmed = await service.admin('PUT', one, { reason: 'INC-9' });
    expect(confirmed).toMatchObject({ status: 200, body: { confirmed_at: expect.any(String) } });
    expect((await service.admin('GET', '/v1/roster-demands')).body.items).toEqual([]);
    expect(await ready()).toMatchObject({ status: 'up', rosters_demanded: 0 });
  });

  it('lets later raises stand above everything that may have been lost', async () => {
    expect((await company.leave(service, stayer.user)).status).toBe(200);
    await eventually(() => gateway.outcome(stayer.token) === 'deny: revoked.user');
    const [row] = await world.query<{ generation: string }>(
      `select generation from subject_generations where scope = 'user' and subject_id = $1`,
      [stayer.user],
    );
    expect(Number(row!.generation)).toBe(2 ** 33);
  });

  it('leaves nothing to recover: a second recovery adopts nobody', async () => {
    await service.app.close();
    const { code, said } = await recover();
    expect(code).toBe(0);
    expect(said).toContain('0 subjects were raised');
    service = await service.again();
    await eventually(() => gateway.gateway.isReady);
  });
});
