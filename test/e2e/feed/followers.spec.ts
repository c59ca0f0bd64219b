// P8: followers never stand in a revocation's way: hundreds of them cost one reading, and a slow one is let go.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { FeedReader } from '../../../src/outbox/feed/feed-reader.js';
import { Company } from '../../support/company.js';
import { eventually } from '../../support/eventually.js';
import { RawFeed } from '../../support/raw-feed.js';
import { RunningService } from '../../support/running-service.js';

let service: RunningService;
let key: string;

beforeAll(async () => {
  service = await RunningService.start();
  key = (await service.admin('POST', '/v1/gateways', { name: 'many' })).body.key;
}, 120_000);
afterAll(() => service.stop());

const followers = (): number => service.app.get(FeedReader, { strict: false }).followers;

it('three hundred followers hear of a leaver, and leave without a trace', async () => {
  const company = await Company.found(service);
  const { position } = await RawFeed.snapshot(service.url, key);
  const streams = await Promise.all(
    Array.from({ length: 300 }, () => RawFeed.stream(service.url, key, position)),
  );
  expect(followers()).toBe(300);
  const { user } = await company.enrol(service);
  await company.leave(service, user);
  await eventually(() => streams.every(({ records }) => records.some((r) => r.includes(user))));
  for (const stream of streams) stream.close();
  await eventually(() => followers() === 0);
}, 120_000);

it('a follower that does not read is cut, and the others hear everything', async () => {
  const { position } = await RawFeed.snapshot(service.url, key);
  const good = await RawFeed.stream(service.url, key, position);
  const { hostname, port } = new URL(service.url);
  const socket = connect(Number(port), hostname);
  await once(socket, 'connect');
  socket.pause();
  socket.on('error', () => undefined);
  socket.write(
    `GET /v1/revocations/stream HTTP/1.1\r\nhost: x\r\nauthorization: Bearer ${key}\r\nlast-event-id: ${position}\r\n\r\n`,
  );
  await eventually(() => followers() === 2);
  let written = 0;
  while (followers() === 2) {
    await service.world.query(
      `insert into outbox (digest, case_id, key, partition, value)
       select encode(sha256(v), 'hex'), gen_random_uuid(), 'k', 0, v
         from (select convert_to('{"n":' || n || ',"x":"' || repeat('x', 500) || '"}', 'UTF8') as v
                 from generate_series($1::integer, $1::integer + 1999) n) s`,
      [written],
    );
    written += 2_000;
    await eventually(() => good.records.length >= written);
  }
  expect(followers()).toBe(1);
  expect(new Set(good.records).size).toBe(written);
  socket.destroy();
  good.close();
}, 120_000);
