// P3: an operator sees who follows and what gateways have answered, by the same rules as a case says it.
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/kernel/ids.js';
import { Company } from '../../support/company.js';
import { eventually } from '../../support/eventually.js';
import { startProgram } from '../../support/processes.js';
import type { RunningGateway } from '../../support/running-gateway.js';
import { RunningService } from '../../support/running-service.js';

let service: RunningService;
let gateway: RunningGateway;
let company: Company;

beforeAll(async () => {
  service = await RunningService.start();
  gateway = await service.gateway();
  company = await Company.found(service);
  await eventually(() => gateway.gateway.isReady);
}, 120_000);
afterAll(async () => {
  await gateway.stop();
  await service.stop();
});

/** `offswitch …` as a process of its own, and the lines that it has said. */
function offswitch(...parameters: string[]) {
  const env = { PATH: process.env['PATH'], ...service.environment };
  const child = startProgram(['src/cli/offswitch.ts', ...parameters], { env });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line));
  return { child, lines, over: once(child, 'close') as Promise<[number | null, string | null]> };
}

interface Said {
  readonly what: string;
  readonly case: string;
  readonly name?: string;
  readonly subject?: { readonly id: string };
  readonly applied?: number;
  readonly gateways?: number;
}

describe('offswitch gateways', () => {
  const processes = async () =>
    (await service.admin('GET', '/v1/gateways')).body.items[0].processes as {
      behind: boolean;
    }[];

  it('says who follows and how fresh they are', async () => {
    await eventually(async () => (await processes()).some(({ behind }) => !behind));
    const { lines, over } = offswitch('gateways');
    expect(await over).toEqual([0, null]);
    expect(lines[0]).toMatch(/^GATEWAY +PROCESS +POLICY +STATE +VIEW +HEARD +VERSION$/);
    expect(lines[1]).toMatch(
      /^gateway-\S+ +[0-9a-f-]{36} +strict +fresh +\d+\.\d s +\d+\.\d s ago +0\.0\.0$/,
    );
    expect(lines.at(-1)).toBe('1 gateways, 1 processes live, 0 of them behind');
  }, 60_000);

  it('says the same to machines', async () => {
    const { lines, over } = offswitch('gateways', '--json');
    expect(await over).toEqual([0, null]);
    const [said] = lines.map((line) => JSON.parse(line) as { gateways: unknown });
    expect(said!.gateways).toMatchObject([
      { processes: [{ policy: 'strict', state: 'live', behind: false }] },
    ]);
  }, 60_000);
});

describe('offswitch gateways gone', () => {
  it('takes a process that was killed out of the count', async () => {
    const { body: made } = await service.admin('POST', '/v1/gateways', { name: 'killed' });
    const [boot, id] = [newId(), made.id as string];
    await service.world.query(
      `insert into gateway_processes (gateway_id, boot, version, policy, public_key, lease_until, last_seen_at)
       values ($1, $2, '1', 'best-effort', '{}', now() - interval '1 h', now() - interval '1 h')`,
      [id, boot],
    );
    const { lines, over } = offswitch('gateways', 'gone', boot);
    expect(await over).toEqual([0, null]);
    expect(lines).toEqual([`killed ${boot} counts for no case from now on`]);
    const { items } = (await service.admin('GET', '/v1/gateways')).body;
    const one = (items as { id: string; processes: object[] }[]).find((it) => it.id === id);
    expect(one?.processes).toMatchObject([{ boot, state: 'gone' }]);
    await service.admin('DELETE', `/v1/gateways/${id}`);
  }, 60_000);
});

describe('offswitch watch', () => {
  it('shows a revocation and the receipts for it as they happen, and ends on Ctrl-C', async () => {
    const { child, lines, over } = offswitch('watch', '--json');
    const said = () => lines.map((line) => JSON.parse(line) as Said);
    // Whatever is revoked before it watches is not its business: the first that it sees tells that it does.
    await eventually(async () => {
      const early = await company.enrol(service);
      await company.leave(service, early.user);
      return said().length > 0;
    });
    const { user } = await company.enrol(service);
    await company.leave(service, user);
    const its = () => {
      const id = said().find(({ subject }) => subject?.id === user)?.case;
      return said().filter((one) => one.case === id);
    };
    await eventually(() => its().some(({ what }) => what === 'enforced'));
    expect(
      its()
        .map(({ what }) => what)
        .sort(),
    ).toEqual(['acknowledged', 'applied', 'enforced', 'revoked']);
    expect(its()[0]).toMatchObject({ what: 'revoked', org: company.id, cause: 'scim' });
    expect(its().at(-1)).toMatchObject({ what: 'enforced', applied: 1, gateways: 1 });
    child.kill('SIGINT');
    expect(await over).toEqual([0, null]);
  }, 120_000);

  it('speaks in lines to people, and ends when nobody reads them any more', async () => {
    const { child, lines, over } = offswitch('watch');
    await eventually(async () => {
      const { user } = await company.enrol(service);
      await company.leave(service, user);
      return lines.some((line) => line.includes('enforced'));
    });
    expect(lines.find((line) => line.includes('revoked'))).toMatch(
      /^\d{4}-\S+Z {2}revoked {6}user \S+ {2}generation \d+ {2}by scim {2}org \S+ {2}case \S+$/,
    );
    expect(lines.find((line) => line.includes('applied '))).toMatch(
      /applied {6}by gateway-\S+ {2}\+-?\d+ ms/,
    );
    child.stdout.destroy();
    let isOver = false;
    void over.then(() => (isOver = true));
    await eventually(async () => {
      const { user } = await company.enrol(service);
      await company.leave(service, user);
      return isOver;
    });
    expect((await over)[0]).toBe(0);
  }, 120_000);
});
