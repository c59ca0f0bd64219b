// P9: a process counts until one that the service knows says that it has ended. P4: a goodbye is not lost by a crash or a refusal.
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { LeaseRequest } from '../../../src/contract/lease.js';
import { Disk } from '../../../src/gateway/keep/disk.js';
import { EndedProcesses } from '../../../src/gateway/lease/ended-processes.js';
import { LeaseKeeper } from '../../../src/gateway/lease/lease-keeper.js';
import { ServiceClient } from '../../../src/gateway/lease/service-client.js';
import type { GatewayEvent } from '../../../src/gateway/report.js';
import { newId } from '../../../src/kernel/ids.js';
import { Secret } from '../../../src/kernel/secret.js';
import { TokenMint } from '../../support/access-tokens.js';
import { eventually } from '../../support/eventually.js';
import { FakeService } from '../../support/fake-service.js';

let service: FakeService;
let directory: string;
let events: GatewayEvent[];

beforeEach(async () => {
  events = [];
  directory = await mkdtemp(join(tmpdir(), 'ended-'));
  service = await FakeService.start({
    id: newId(),
    installation: newId(),
    epoch: 1,
    partitions: 1,
    issuer: 'urn:offswitch:test',
    audience: 'offswitch',
    record_keys: { keys: [] },
    staleness_ms: 150, // a lease each 50 ms
    max_clock_skew_ms: 10,
    max_ttl_s: 3_600,
    window_s: 3_601,
    kafka: { topics: { revocations: 'r', events: 'e', receipts: 'p' } },
  });
});
afterEach(async () => {
  await service.stop();
  await rm(directory, { recursive: true });
});

class FullDisk extends Disk {
  override replace(): Promise<void> {
    return Promise.reject(new Error('the disk is full'));
  }
}

const notes = (disk = new Disk()): EndedProcesses => new EndedProcesses(directory, disk);

const count = (kind: GatewayEvent['kind']): number =>
  events.filter((one) => one.kind === kind).length;

/** Nobody is left whose end is to be said. */
const saidOfAll = async (): Promise<boolean> => (await readdir(directory)).length === 0;

/** A process that ends when it has asked for a lease and `until` holds. */
async function lives(
  until: () => boolean | Promise<boolean> = () => true,
  ended: EndedProcesses | null = notes(),
): Promise<string> {
  const stop = new AbortController();
  const request: LeaseRequest = {
    boot: newId(),
    version: '1',
    policy: 'best-effort',
    public_key: new TokenMint().jwk,
  };
  const keeper = new LeaseKeeper({
    service: new ServiceClient(service.url, new Secret(service.key)),
    request,
    ended,
    onLease: () => undefined,
    report: (event) => events.push(event),
  });
  const answers = () => count('lease.renewed') + count('lease.failed');
  const before = answers();
  const running = keeper.run(stop.signal);
  await eventually(async () => answers() > before && (await until()));
  stop.abort();
  await running;
  await keeper.goodbye();
  return request.boot;
}

describe('the end of a process', () => {
  it('is said by itself when nobody can start from what it leaves', async () => {
    const boot = await lives(undefined, null);
    expect(service.ended).toEqual([boot]);
  });

  it('is said by the next in its directory, after that one’s own first lease', async () => {
    const first = await lives();
    expect(service.ended).toEqual([]);
    service.status = 503;
    await lives(); // the service never knows of this one, which may let people in
    service.status = null;
    const last = await lives(saidOfAll);
    const heard = service.heard.filter(([word, boot]) => word === 'goodbye' || boot === last);
    expect(heard.slice(0, 2)).toEqual([
      ['lease', last],
      ['goodbye', first],
    ]);
    expect(service.ended).toEqual([first]);
  });

  it.each([
    ['is not heard', 1],
    ['is heard and not answered', 2],
  ] as const)('is said until it is answered, when it %s', async (fate, least) => {
    const first = await lives();
    service.refusesGoodbyes = fate === 'is not heard';
    service.cutsGoodbyes = fate === 'is heard and not answered';
    const second = await lives(() => {
      if (count('goodbye.failed') > 0) service.refusesGoodbyes = service.cutsGoodbyes = false;
      return saidOfAll();
    });
    const said = service.ended.length;
    expect(said).toBeGreaterThanOrEqual(least);
    await lives(saidOfAll);
    expect(service.ended).toEqual([...Array<string>(said).fill(first), second]);
  });

  it('is forgotten when the service does not know it', async () => {
    await notes().add(newId());
    service.knowsNobody = true;
    await lives(saidOfAll);
    expect(count('goodbye.failed')).toBe(0);
  });

  it('is said by nobody when it cannot be written down, which is reported', async () => {
    await lives(undefined, notes(new FullDisk()));
    expect([count('goodbye.failed'), service.ended]).toEqual([1, []]);
    await lives();
    expect(service.ended).toEqual([]);
  });

  it('is nobody’s by a file that cannot be read, and no address is made of what stands there', async () => {
    for (const text of ['nonsense', '{"a":1}', '["../../v1/gateways",7]']) {
      await writeFile(join(directory, 'ended.json'), text);
      const told: string[] = [];
      await notes().tell((boot) => Promise.resolve(void told.push(boot)));
      expect(told).toEqual([]);
    }
  });
});
