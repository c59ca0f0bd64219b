// P2, P3, P4: a synchronous standby that takes over has everything that was acknowledged; another one brings nobody back unseen.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Company, type Enrolled } from '../../support/company.js';
import { eventually } from '../../support/eventually.js';
import {
  privatePostgres,
  type PrivatePostgres,
  type PrivateStandby,
} from '../../support/private-servers.js';
import type { RunningGateway } from '../../support/running-gateway.js';
import { RunningService } from '../../support/running-service.js';
import { TcpProxy } from '../../support/tcp-proxy.js';
import { asSuperuser } from '../../support/template-database.js';
import { World } from '../../support/world.js';

const LONG = 240_000;
/** Half of them leave before the primary dies, in several conversations at once. */
const PEOPLE = 40;
const AT_ONCE = 4;

let primary: PrivatePostgres;
let standby: PrivateStandby;
/** The one address of the database; whoever fails over leads it to another server. */
let wire: TcpProxy;
let world: World;
let service: RunningService;
let gateways: RunningGateway[];
let company: Company;
let people: Enrolled[];

beforeAll(async () => {
  primary = await privatePostgres();
  wire = await TcpProxy.to(primary.address);
  const database = await primary.createDatabase();
  standby = await primary.standby();
  await asSuperuser(primary.address, [
    `alter system set synchronous_standby_names = '*'`,
    'select pg_reload_conf()',
  ]);
  world = await World.open({
    ...database,
    serviceUrl: wire.instead(database.serviceUrl),
    superuserUrl: wire.instead(database.superuserUrl),
    // It goes with the servers: the one that it was made on is dead by then.
    drop: () => Promise.resolve(),
  });
  service = await RunningService.start(world);
  company = await Company.found(service);
  people = [];
  for (let i = 0; i < PEOPLE; i += 1) people.push(await company.enrol(service));
  gateways = [await service.gateway(), await service.gateway()];
  await eventually(() =>
    people.every(({ token }) => outcomes(token).every((one) => one === 'allow')),
  );
}, LONG);

afterAll(async () => {
  await Promise.all(gateways.map((gateway) => gateway.stop()));
  await service.stop();
  await wire.close();
  await standby.stop();
  await primary.stop();
}, LONG);

const outcomes = (token: string): string[] => gateways.map((gateway) => gateway.outcome(token));

const codeOf = async (asked: ReturnType<RunningService['ask']>): Promise<string> => {
  const { status, body } = await asked;
  return status === 503 ? `503 ${body.code ?? ''}` : String(status);
};

describe('a primary with a synchronous standby that is killed while people leave', () => {
  it(
    'loses nobody who was acknowledged, and the service goes on with the standby by itself',
    async () => {
      await eventually(async () => {
        const [row] = await world.query<{ is_synchronous: boolean }>(
          'select is_synchronous from installation',
        );
        return row!.is_synchronous;
      });
      const staying = people.slice(-5);
      const leaving = people.slice(0, -5);
      const acknowledged = new Set<Enrolled>();
      const refused: string[] = [];
      const queue = [...leaving];
      const conversation = async (): Promise<void> => {
        for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
          const code = await codeOf(company.leave(service, one.user));
          if (code === '200') acknowledged.add(one);
          else refused.push(code);
        }
      };
      const load = Promise.all(Array.from({ length: AT_ONCE }, conversation));
      await eventually(() => acknowledged.size >= leaving.length / 2);
      const before = [...acknowledged];
      await primary.die();
      await load;
      // P6: what could not be committed is trouble of ours, and the IdP sends it again.
      expect(refused.every((code) => code.startsWith('503'))).toBe(true);

      await standby.promote();
      wire.lead(standby.address);
      wire.reset();
      for (const { user } of acknowledged)
        await eventually(async () => (await generationOf(user)) === 2);
      expect(before.length).toBeGreaterThanOrEqual(leaving.length / 2);
      await eventually(
        async () => (await codeOf(service.admin('GET', '/v1/organizations'))) === '200',
      );
      for (const one of leaving.filter((each) => !acknowledged.has(each)))
        await eventually(async () => (await codeOf(company.leave(service, one.user))) === '200');
      await eventually(() =>
        leaving.every(({ token }) =>
          outcomes(token).every((said) => said === 'deny: revoked.user'),
        ),
      );
      await eventually(() =>
        staying.every(({ token }) => outcomes(token).every((said) => said === 'allow')),
      );
      for (const { user } of leaving) expect(await generationOf(user)).toBe(2);
    },
    LONG,
  );

  it(
    'is told apart from a standby that promised nothing: after that one nothing is issued and nothing acknowledged',
    async () => {
      const [stayer] = people.slice(-1);
      await eventually(async () => {
        const [row] = await world.query<{ is_synchronous: boolean }>(
          'select is_synchronous from installation',
        );
        return !row!.is_synchronous;
      });
      await standby.promoteAgain();
      wire.reset();
      await eventually(
        async () =>
          (await codeOf(service.admin('GET', '/v1/organizations'))) === '503 store.recovery_needed',
      );
      expect(await codeOf(company.leave(service, stayer!.user))).toMatch(/^503/);
      expect(await codeOf(company.refresh(service, stayer!))).toMatch(/^503/);
      await eventually(() => outcomes(stayer!.token).every((said) => said !== 'allow'));
      for (const { token } of people.slice(0, -5))
        for (const said of outcomes(token)) expect(said).not.toBe('allow');
    },
    LONG,
  );
});

async function generationOf(user: string): Promise<number> {
  try {
    return await world.generation('user', user);
  } catch {
    return -1; // the pool finds out that the old server is gone
  }
}
