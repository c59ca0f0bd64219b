// P8: a deprovision is never throttled behind other work, also when two processes drain ten thousand records of others.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { bearer, call, textIn } from '../../../src/cli/demo/client.js';
import type { RevocationRecord } from '../../../src/contract/revocation-record.js';
import { newId } from '../../../src/kernel/ids.js';
import { outboxRecord, type OutboxRecord } from '../../../src/outbox/index.js';
import { enqueueRecords } from '../../../src/outbox/postgres/enqueue-records.js';
import { sha256 } from '../../../src/platform/crypto/sha256.js';
import { eventually } from '../../support/eventually.js';
import { kafkaBrokers } from '../../support/kafka.js';
import { ServiceProcess } from '../../support/service-process.js';
import { World } from '../../support/world.js';

const LONG = 240_000;
const SURGE = 10_000;
/** What may go before a single one: what is under way when it comes, at both. Without the express lane it is thousands. */
const UNDER_WAY = 1_000;

let world: World;
let services: ServiceProcess[];
let organization: string;
let people: string[];
let scim: { readonly url: string; readonly secret: string };

beforeAll(async () => {
  const brokers = await kafkaBrokers();
  world = await World.open();
  const databaseUrl = world.database.serviceUrl;
  const first = await ServiceProcess.start({ databaseUrl, brokers });
  const { PORT: _, OFFSWITCH_HOME: __, ...environment } = first.environment;
  services = [first, await ServiceProcess.start({ databaseUrl, brokers, environment })];
  const admin = {
    method: 'POST',
    headers: bearer(first.environment['OFFSWITCH_ADMIN_KEY']!),
    expect: 201,
  };
  organization = textIn(
    await call(`${first.url}/v1/organizations`, { ...admin, body: { name: 'Example Ltd' } }),
    'id',
  );
  const connection = await call(`${first.url}/v1/organizations/${organization}/connections`, {
    ...admin,
    body: { kind: 'scim', name: 'Entra' },
  });
  scim = { url: '/scim/v2/Users', secret: textIn(connection, 'secret') };
  people = [];
  for (let i = 0; i < 60; i += 1) people.push(await provision(`leaver-${i}@example.com`));
}, LONG);

afterAll(async () => {
  await Promise.all(services.map((service) => service.stop()));
  await world.close();
}, LONG);

const headers = () => ({ ...bearer(scim.secret), 'content-type': 'application/scim+json' });

async function provision(userName: string): Promise<string> {
  const made = await call(`${services[0]!.url}${scim.url}`, {
    method: 'POST',
    headers: headers(),
    body: { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName, active: true },
    expect: 201,
  });
  return textIn(made, 'id');
}

const leave = (service: ServiceProcess, user: string) =>
  call(`${service.url}${scim.url}/${user}`, {
    method: 'PATCH',
    headers: headers(),
    body: {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'active', value: false }],
    },
    expect: 200,
  });

const leftBehind = (org: string): OutboxRecord => {
  const record: RevocationRecord = {
    v: 1,
    org,
    scope: 'user',
    subject: newId(),
    generation: 2,
    not_before: null,
    cause: 'scim',
    case: newId(),
    revoked_at: new Date().toISOString(),
    audit: Buffer.from(sha256(Buffer.from(org))).toString('base64url'),
  };
  return outboxRecord(record, 3, sha256);
};

/** Committed by processes that died before they sent anything: the organization's own, and one of somebody else last. */
async function surge(): Promise<{ readonly last: OutboxRecord }> {
  const others = Array.from({ length: SURGE - 1 }, () => leftBehind(organization));
  const last = leftBehind(newId());
  await world.transactions.run('background', async (tx) => {
    await enqueueRecords(tx, others);
    await enqueueRecords(tx, [last]);
  });
  return { last };
}

const unacked = async (): Promise<number> => {
  const [row] = await world.query<{ n: number }>(
    `select count(*)::integer as n from outbox_pending p
      where not exists (select from outbox_acks a where a.digest = p.digest)`,
  );
  return row!.n;
};

const swept = async (service: ServiceProcess): Promise<number> => {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(/^offswitch_publisher_swept_records_total (\d+)/m.exec(text)?.[1]);
};

it(
  'singles go before ten thousand that were left behind; both processes drain them, each organization in turn',
  async () => {
    await eventually(async () => (await unacked()) === 0);
    const { last } = await surge();
    let next = 0;
    let during = 0;
    while (next < people.length && (await unacked()) > 0) {
      await leave(services[next % 2]!, people[next]!);
      next += 1;
      if ((await unacked()) > UNDER_WAY) during += 1;
    }
    expect(during).toBeGreaterThan(0);
    await eventually(async () => (await unacked()) === 0);

    // For each single one: how many that were left behind got the broker's word between its commit and its own.
    const singles = await world.query<{ overtaken: number }>(
      `select (select count(*) from outbox_acks b where b.committed_at is null
                  and b.acked_at > a.committed_at and b.acked_at < a.acked_at)::integer as overtaken
         from outbox_acks a where a.committed_at is not null order by a.acked_at desc limit $1`,
      [next],
    );
    expect(singles).toHaveLength(next);
    for (const { overtaken } of singles) expect(overtaken).toBeLessThan(UNDER_WAY);

    const [rank] = await world.query<{ before: number }>(
      `select count(*)::integer as before from outbox_acks b, outbox_acks a
        where a.digest = $1 and b.committed_at is null and b.acked_at < a.acked_at`,
      [last.digest],
    );
    expect(rank!.before).toBeLessThan(SURGE / 2);
    const shares = await Promise.all(services.map(swept));
    for (const share of shares) expect(share).toBeGreaterThan(SURGE / 20);
    const [all] = await world.query<{ n: number }>(
      'select count(*)::integer as n from outbox_acks where committed_at is null',
    );
    expect(all!.n).toBeGreaterThanOrEqual(SURGE);
  },
  LONG,
);
