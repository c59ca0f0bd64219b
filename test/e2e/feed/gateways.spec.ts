// P3: a gateway stays fresh over HTTP while Kafka is away, heals what the broker withholds, and never trusts a broken feed.
import { createServer, request, type Server } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { newId } from '../../../src/kernel/ids.js';
import { Company } from '../../support/company.js';
import { eventually } from '../../support/eventually.js';
import { RunningGateway, type RunningGatewayOptions } from '../../support/running-gateway.js';
import { RunningService } from '../../support/running-service.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

let service: RunningService;
let company: Company;
const running: RunningGateway[] = [];

beforeAll(async () => {
  service = await RunningService.start();
  company = await Company.found(service);
}, 120_000);
afterEach(() => Promise.all(running.splice(0).map((gateway) => gateway.stop())));
afterAll(() => service.stop());

async function gateway(options: Partial<RunningGatewayOptions>): Promise<RunningGateway> {
  const { body } = await service.admin('POST', '/v1/gateways', { name: newId() });
  const at = { url: service.url, key: body.key as string };
  const one = new RunningGateway({ brokers: '127.0.0.1:1', service: at, ...options });
  running.push(one);
  return one;
}

async function isDeniedSoon(one: RunningGateway): Promise<string> {
  const { user, token } = await company.enrol(service);
  await eventually(() => one.outcome(token) === 'allow');
  const left = await company.leave(service, user);
  expect(left.status).toBe(200);
  await eventually(() => one.outcome(token) !== 'allow');
  return one.outcome(token);
}

describe('a gateway over HTTP', () => {
  it('is fresh without Kafka, denies at once, and its receipts complete the case', async () => {
    const one = await gateway({ source: 'http' });
    await eventually(() => one.gateway.isReady);
    const { user, token } = await company.enrol(service);
    expect(one.outcome(token)).toBe('allow');
    const at = `/v1/organizations/${company.id}`;
    const subject = { scope: 'user', id: user };
    const made = await service.admin('POST', `${at}/revocations`, { subject, reason: 'left' });
    await eventually(() => one.outcome(token) === 'deny: revoked.user');
    await eventually(async () => {
      const { body } = await service.admin('GET', `${at}/cases/${made.body.id}`);
      return body.state === 'enforced' && body.gateways.length === 1;
    });
  });

  it.each(['cut in the middle', 'gone for a restart'] as const)(
    'goes on when its stream was %s',
    async (how) => {
      const http = await TcpProxy.to(service.url);
      const one = await gateway({ source: 'http', feedFrom: `http://${http.address}` });
      await eventually(() => one.gateway.isReady);
      if (how === 'gone for a restart') service = await service.again();
      else http.reset();
      expect(await isDeniedSoon(one)).toBe('deny: revoked.user');
      await http.close();
    },
  );
});

/** Something between gateway and service that changes what passes. */
async function meddler(change: (text: string, path: string) => string): Promise<Server> {
  const server = createServer((asked, answer) => {
    const headers = { ...asked.headers, 'accept-encoding': 'identity' };
    const url = service.url + (asked.url ?? '');
    const onward = request(url, { method: asked.method ?? 'GET', headers }, (came) => {
      answer.writeHead(came.statusCode ?? 502, came.headers);
      came.setEncoding('utf8');
      let rest = '';
      came.on('data', (text: string) => {
        const events = (rest + text).split('\n\n');
        rest = events.pop() ?? '';
        for (const event of events) answer.write(change(`${event}\n\n`, asked.url ?? ''));
      });
      came.on('end', () => answer.end(change(rest, asked.url ?? '')));
      came.on('error', () => answer.destroy());
    });
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
const urlOf = (server: Server): string =>
  `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
const isRecord = (event: string): boolean => event.startsWith('event: revocation');

describe('somebody between gateway and service who', () => {
  const meddlings: Readonly<Record<string, (event: string, path: string) => string>> = {
    'withholds records': (event) => (isRecord(event) ? '' : event),
    'forges a generation': (event) =>
      isRecord(event) ? event.replace(/"generation":\d+/, '"generation":999') : event,
    'repeats records': (event) => (isRecord(event) ? event + event : event),
    'changes T': (event) => event.replace(/"t":"\d{4}/, '"t":"2999'),
    'rewrites the format': (event) => event.replace('"v":1}', '"v":2}'),
    'cuts the snapshot short': (event, path) =>
      path.endsWith('snapshot') && !isRecord(event) ? '' : event,
  };

  it.each(Object.keys(meddlings))('%s makes no strict gateway say yes', async (what) => {
    await company.leave(service, (await company.enrol(service)).user);
    const server = await meddler(meddlings[what]!);
    const one = await gateway({ source: 'http', feedFrom: urlOf(server) });
    const { user, token } = await company.enrol(service);
    await eventually(() => one.seen('source.failed').length >= 2);
    expect(one.outcome(token)).toMatch(/^unsure/);
    await company.leave(service, user);
    expect(one.gateway.isReady).toBe(false);
    server.closeAllConnections();
    server.close();
  });
});

describe('a chained gateway', () => {
  it('starts and stays fresh while Kafka cannot be reached at all', async () => {
    const one = await gateway({ source: 'chained' });
    await eventually(() => one.gateway.isReady);
    expect(await isDeniedSoon(one)).toBe('deny: revoked.user');
  });
});
