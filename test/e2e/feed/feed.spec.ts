// P3: bounded staleness without Kafka. P4: nothing is lost on the way of a follower over HTTP. P7: gateways' keys only.
import { createHash } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { digestOfRecords } from '../../../src/contract/snapshot.js';
import { signedBytes } from '../../../src/contract/signed-message.js';
import { newId } from '../../../src/kernel/ids.js';
import { KeyRing } from '../../../src/platform/crypto/key-ring.js';
import { sha256 } from '../../../src/platform/crypto/sha256.js';
import { Company } from '../../support/company.js';
import { eventually } from '../../support/eventually.js';
import { RawFeed } from '../../support/raw-feed.js';
import { bearer, RunningService } from '../../support/running-service.js';

let service: RunningService;
let company: Company;
let key: string;

const subjects = (feed: RawFeed): string[] =>
  feed.records.map((text) => JSON.parse(text).subject as string);
const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64url');

beforeAll(async () => {
  service = await RunningService.start();
  company = await Company.found(service);
  key = (await service.admin('POST', '/v1/gateways', { name: 'over HTTP' })).body.key;
}, 120_000);
afterAll(() => service.stop());

describe('the snapshot', () => {
  it('holds what was revoked, signed over position, records, heads and T', async () => {
    const { user } = await company.enrol(service);
    const before = Date.now();
    await company.leave(service, user);
    const feed = await RawFeed.snapshot(service.url, key);
    expect(feed.status).toBe(200);
    expect(feed.headers.get('content-encoding')).toBe('gzip');
    expect(subjects(feed)).toContain(user);
    const [part] = feed.parts;
    const digests = feed.records.map(digestOf);
    expect(part).toMatchObject({
      from: null,
      more: false,
      prev: null,
      count: digests.length,
      records: digestOfRecords(digests, sha256),
    });
    expect(feed.headers.get('etag')).toBe(`"${part!.to}"`);
    expect(part!.heads.map(({ partition }) => partition)).toEqual([0, 1, 2]);
    expect(Date.parse(part!.t)).toBeGreaterThanOrEqual(before - 1_000);
    const [value, kid, signature] = feed.events.at(-1)!.data;
    const { verify } = new KeyRing(service.identity.recordKeys);
    const isSigned = (text: string): boolean =>
      verify(
        kid!,
        signedBytes('snapshot', Buffer.from(text)),
        Buffer.from(signature!, 'base64url'),
      );
    expect([isSigned(value!), isSigned(value!.replace('"v":1', '"v":2'))]).toEqual([true, false]);
  });

  it('is not sent again to whoever has it, until there is a record more', async () => {
    const { position } = await RawFeed.snapshot(service.url, key);
    const again = async (): Promise<number> =>
      (
        await RawFeed.open(`${service.url}/v1/revocations/snapshot`, key, {
          'if-none-match': `"${position}"`,
        })
      ).status;
    expect(await again()).toBe(304);
    await company.leave(service, (await company.enrol(service)).user);
    expect(await again()).toBe(200);
  });

  it.each(['', 'ofs_gateway_nobodys', 'admin'] as const)(
    'is for gateways only (%j)',
    async (who) => {
      const credential = who === 'admin' ? service.adminKey : who;
      const feed = await RawFeed.open(`${service.url}/v1/revocations/snapshot`, credential);
      expect(feed.status).toBe(401);
    },
  );
});

describe('the stream', () => {
  it('brings what is revoked after its position, and a statement each second', async () => {
    const { position } = await RawFeed.snapshot(service.url, key);
    const { user } = await company.enrol(service);
    const stream = await RawFeed.stream(service.url, key, position);
    await company.leave(service, user);
    await eventually(() => subjects(stream).includes(user));
    await eventually(() => stream.parts.length >= 3);
    const ways = stream.parts.map(({ from, to }) => [from, to]);
    expect(ways[0]![0]).toBe(position);
    for (const [i, [from]] of ways.slice(1).entries()) expect(from).toBe(ways[i]![1]);
    const times = stream.parts.map(({ t }) => t);
    expect(times).toEqual([...times].sort());
    stream.close();
  });

  it('goes on where a follower was cut, also at another replica or after a restart', async () => {
    const { position } = await RawFeed.snapshot(service.url, key);
    const first = await RawFeed.stream(service.url, key, position);
    await eventually(() => first.parts.length > 0);
    first.close();
    const { position: reached } = first;
    const leavers = [await company.enrol(service), await company.enrol(service)];
    await company.leave(service, leavers[0]!.user);
    service = await service.again();
    await company.leave(service, leavers[1]!.user);
    const second = await RawFeed.stream(service.url, key, reached);
    await eventually(() => leavers.every(({ user }) => subjects(second).includes(user)));
    expect(second.parts[0]!.from).toBe(reached);
    second.close();
  });

  it.each([
    '1.5',
    '1.0:0:',
    '2.7:7:',
    '1.9:5:',
    '1.5:9:12',
    '1.9223372036854775808:9223372036854775808:',
    'x',
  ])('refuses %j, which is no position of this epoch', async (position) => {
    expect((await RawFeed.stream(service.url, key, position)).status).toBe(409);
  });

  it('loses no record of transactions that commit in another order than they began', async () => {
    const { position } = await RawFeed.snapshot(service.url, key);
    const stream = await RawFeed.stream(service.url, key, position);
    const row = (digest: string, text: string): string =>
      `insert into outbox (digest, case_id, key, partition, value)
       values ('${digest}', '${newId()}', 'k', 0, convert_to('${text}', 'UTF8'))`;
    const texts = ['late', 'early'].map((name) =>
      JSON.stringify({ subject: `${name} ${newId()}` }),
    );
    const [late, early] = texts as [string, string];
    const slow = new pg.Client({ connectionString: service.world.database.serviceUrl });
    await slow.connect();
    await slow.query('begin');
    await slow.query(row(digestOf(late), late));
    await service.world.query(row(digestOf(early), early));
    const seen = stream.parts.length;
    await eventually(() => stream.records.includes(early) && stream.parts.length > seen + 2);
    expect(stream.records).not.toContain(late);
    await slow.query('commit');
    await slow.end();
    await eventually(() => stream.records.includes(late));
    expect(stream.records.filter((text) => texts.includes(text))).toEqual([early, late]);
    stream.close();
  });

  it('ends when its gateway is deleted', async () => {
    const made = (await service.admin('POST', '/v1/gateways', { name: newId() })).body;
    const { position } = await RawFeed.snapshot(service.url, made.key);
    const stream = await RawFeed.stream(service.url, made.key, position);
    expect((await service.admin('DELETE', `/v1/gateways/${made.id}`)).status).toBe(204);
    await stream.ended;
    expect((await RawFeed.stream(service.url, made.key, position)).status).toBe(401);
  }, 30_000);

  it('ends at once when the service is told to end', async () => {
    const { position } = await RawFeed.snapshot(service.url, key);
    const streams = await Promise.all(
      Array.from({ length: 5 }, () => RawFeed.stream(service.url, key, position)),
    );
    const again = service.again();
    await Promise.all(streams.map(({ ended }) => ended));
    service = await again;
  });
});

describe('a record', () => {
  it('is given out by its digest, signed as on the topic', async () => {
    await company.leave(service, (await company.enrol(service)).user);
    const [text] = (await RawFeed.snapshot(service.url, key)).records;
    const at = `${service.url}/v1/revocations/records/`;
    const answer = await fetch(at + digestOf(text!), { headers: bearer(key) });
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe(text);
    const header = (name: string): string => answer.headers.get(name) ?? '';
    const { verify } = new KeyRing(service.identity.recordKeys);
    const signature = Buffer.from(header('ofs-sig'), 'base64url');
    const bytes = signedBytes('revocation', Buffer.from(text!));
    expect(verify(header('ofs-kid'), bytes, signature)).toBe(true);
    for (const unknown of [digestOf('nothing'), '..%2f', 'x'])
      expect((await fetch(at + unknown, { headers: bearer(key) })).status).toBe(404);
  });
});
