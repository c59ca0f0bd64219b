// P3, P9: a live connection is bound before it is let in, is let in by nothing else, and is forgotten with its socket.
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { admitStream, webSocketCode, type StreamAdmission } from '../../../src/gateway/index.js';
import type { Bound, Closing, Unsure, Verdict } from '../../../src/gateway/index.js';
import { eventually } from '../../support/eventually.js';
import { ALLOW, CLAIMS } from '../../support/scripted-gateway.js';

const UNSURE: Unsure = { kind: 'unsure', reason: 'key.unknown' };

class BindingGateway {
  bindings: ('bound' | Exclude<Bound, { kind: 'bound' }>)[] = [];
  resolved: Verdict | Error = UNSURE;
  unbound = 0;

  bind(): Bound {
    const next = this.bindings.shift() ?? UNSURE;
    if (next !== 'bound') return next;
    return { kind: 'bound', claims: CLAIMS, unbind: () => (this.unbound += 1) };
  }

  check(): Verdict {
    return UNSURE;
  }

  resolve(): Promise<Verdict> {
    const { resolved } = this;
    return resolved instanceof Error ? Promise.reject(resolved) : Promise.resolve(resolved);
  }
}

let gateway: BindingGateway;
let admissions: StreamAdmission[];
let prepare: (request: IncomingMessage) => void;
const server = createServer((request) => {
  prepare(request);
  void admitStream(gateway, request, () => undefined).then((one) => admissions.push(one));
});

beforeEach(async () => {
  gateway = new BindingGateway();
  admissions = [];
  prepare = () => undefined;
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** @returns what the server made of it, and a way to hang up */
async function connect(): Promise<{ admission: StreamAdmission; hangUp: () => void }> {
  const { port } = server.address() as AddressInfo;
  const headers = { authorization: 'Bearer x' };
  const request = httpRequest({ port, host: '127.0.0.1', headers, agent: false });
  request.on('error', () => undefined).end();
  await eventually(() => admissions.length > 0);
  return { admission: admissions[0]!, hangUp: () => request.destroy() };
}

describe('a live connection', () => {
  it('is bound until its socket closes', async () => {
    gateway.bindings = ['bound'];
    const { admission, hangUp } = await connect();
    expect([admission.kind, gateway.unbound]).toEqual(['bound', 0]);
    hangUp();
    await eventually(() => gateway.unbound === 1);
  });

  it('is not remembered when its socket has closed meanwhile', async () => {
    gateway.bindings = ['bound'];
    prepare = (request) => request.socket.destroy();
    await connect();
    expect(gateway.unbound).toBe(1);
  });

  it('is bound once a doubt has been cleared', async () => {
    gateway.bindings = [UNSURE, 'bound'];
    gateway.resolved = ALLOW;
    expect((await connect()).admission.kind).toBe('bound');
  });

  it.each<[string, Verdict | Error, 401 | 503]>([
    ['the service refuses its token', { kind: 'deny', reason: 'token.inactive' }, 401],
    ['the doubt stays', UNSURE, 503],
    ['nobody can be asked', new Error('away'), 503],
    // The service's word is as good as a fresh view for one request; a stream lasts longer than it.
    ['only the service lets it in, and the view does not', ALLOW, 503],
  ])('is refused when %s', async (_, resolved, status) => {
    gateway.resolved = resolved;
    expect((await connect()).admission).toMatchObject({ kind: 'refuse', status });
  });
});

it.each<[Closing, number]>([
  ['revoked.user', 1008],
  ['token.expired', 1008],
  ['view.stale', 1013],
  ['streams.full', 1013],
  ['gateway.stopped', 1001],
])('a WebSocket that is closed for %s hears %i', (why, code) => {
  expect(webSocketCode(why)).toBe(code);
});
