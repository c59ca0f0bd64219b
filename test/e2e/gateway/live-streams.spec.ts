// P2, P3 on connections that are open already: a WebSocket and a stream of events, through the examples that show them.
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { WebSocket } from 'ws';
import { newId } from '../../../src/kernel/ids.js';
import { Company } from '../../support/company.js';
import { eventually } from '../../support/eventually.js';
import { PackedGateway } from '../../support/packed-gateway.js';
import { bearer, RunningService } from '../../support/running-service.js';

let service: RunningService;
let company: Company;
let project: PackedGateway;

beforeAll(async () => {
  [service, project] = await Promise.all([RunningService.start(), PackedGateway.install()]);
  company = await Company.found(service);
  await project.add('ws');
}, 300_000);
afterAll(async () => {
  await project.remove();
  await service.stop();
});

interface Live {
  /** The status of what was refused. */
  readonly refused?: number;
  /** Everything that has been heard. */
  readonly heard: string[];
  /** How it was closed. */
  readonly closed: Promise<number | 'cut'>;
}

const kinds = {
  websocket(url: string, token?: string): Promise<Live> {
    const headers = token === undefined ? {} : bearer(token);
    const socket = new WebSocket(url.replace('http', 'ws'), { headers });
    const heard: string[] = [];
    const closed = new Promise<number>((resolve) => {
      socket.on('close', resolve);
    });
    socket.on('message', (text: Buffer) => heard.push(text.toString()));
    socket.on('error', () => undefined);
    return new Promise((resolve) => {
      socket.on('open', () => {
        socket.send('hello');
        resolve({ heard, closed });
      });
      socket.on('unexpected-response', (request, { statusCode }) => {
        request.destroy();
        resolve({ refused: statusCode!, heard, closed });
      });
    });
  },
  async 'server-sent-events'(url: string, token?: string): Promise<Live> {
    const answer = await fetch(url, token === undefined ? {} : { headers: bearer(token) });
    const heard: string[] = [];
    const decoder = new TextDecoder();
    const closed = (async () => {
      for await (const bytes of answer.body!) heard.push(decoder.decode(bytes as Uint8Array));
    })().then(
      () => 'cut' as const,
      () => 'cut' as const,
    );
    return answer.status === 200 ? { heard, closed } : { refused: answer.status, heard, closed };
  },
};
const KINDS = ['websocket', 'server-sent-events'] as const;
type Kind = (typeof KINDS)[number];
const words: Readonly<Record<Kind, { refused: number | 'cut'; unsure: number | 'cut' }>> = {
  websocket: { refused: 1008, unsure: 1013 },
  'server-sent-events': { refused: 'cut', unsure: 'cut' },
};

const urls = new Map<Kind, string>();
/** A connection of somebody who is let in, to an example that runs. */
async function open(kind: Kind, token: string): Promise<Live> {
  if (!urls.has(kind)) {
    const { body } = await service.admin('POST', '/v1/gateways', { name: newId() });
    const environment = { OFFSWITCH_URL: service.url, OFFSWITCH_GATEWAY_KEY: body.key as string };
    urls.set(kind, await project.start(`examples/${kind}/server.mjs`, environment));
  }
  let live: Live | null = null;
  await eventually(async () => {
    live = await kinds[kind](urls.get(kind)!, token);
    return live.refused === undefined;
  });
  await eventually(() => live!.heard.length > 0);
  return live!;
}

describe.each(KINDS)('the example of a live connection, %s,', (kind) => {
  it('opens for nobody without a token', async () => {
    const { token } = await company.enrol(service);
    await open(kind, token);
    expect((await kinds[kind](urls.get(kind)!)).refused).toBe(401);
    expect((await kinds[kind](`${urls.get(kind)!}/?access_token=${token}`)).refused).toBe(400);
  });

  it('is closed by a deprovision of its user, and of nobody else', async () => {
    const [ada, bob] = [await company.enrol(service), await company.enrol(service)];
    const [one, other] = [await open(kind, ada.token), await open(kind, bob.token)];
    expect(one.heard.join('')).toContain(ada.user);
    let isOtherClosed = false;
    void other.closed.then(() => (isOtherClosed = true));
    await company.leave(service, ada.user);
    expect(await one.closed).toBe(words[kind].refused);
    expect((await kinds[kind](urls.get(kind)!, ada.token)).refused).toBe(401);
    expect(isOtherClosed).toBe(false);
  });

  it('is closed when its token expires', async () => {
    const { token } = await company.enrol(service, 15);
    const live = await open(kind, token);
    const { exp } = JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString());
    expect(await live.closed).toBe(words[kind].refused);
    expect(Date.now()).toBeGreaterThanOrEqual(exp * 1000);
  });
});

it('they are closed when the view becomes too old for a strict gateway', async () => {
  const { token } = await company.enrol(service);
  const lives = [await open('websocket', token), await open('server-sent-events', token)];
  await service.app.close();
  const closed = await Promise.all(lives.map((live) => live.closed));
  expect(closed).toEqual([words.websocket.unsure, words['server-sent-events'].unsure]);
  expect((await kinds['server-sent-events'](urls.get('server-sent-events')!, token)).refused).toBe(
    503,
  );
});
