// P3: bounded staleness. What a gateway asks of the service ends when it is told to, and never waits for ever.
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { exchange, type Answer, type Patience } from '../../../src/gateway/exchange.js';
import { startProgram } from '../../support/processes.js';

let server: Server;
let url: string;
let answer: (response: ServerResponse) => void;

beforeEach(async () => {
  server = createServer((_, response) => {
    answer(response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const trickle = (response: ServerResponse): void => {
  response.writeHead(200);
  response.write('a word');
  const timer = setInterval(() => response.write('a word'), 20);
  response.once('close', () => {
    clearInterval(timer);
  });
};

const fallSilent = (response: ServerResponse): void => {
  response.writeHead(200);
  response.write('a word');
};

async function readAll(given: Answer): Promise<number> {
  let bytes = 0;
  for await (const chunk of given.chunks()) bytes += chunk.length;
  return bytes;
}

const patience = (more: Partial<Patience> = {}): Patience => ({
  stop: new AbortController().signal,
  ms: 60_000,
  of: 'silence',
  ...more,
});

describe('an exchange', () => {
  it('ends when it is told to, however often memory was collected since it was asked', async () => {
    const program = startProgram(['test/support/exchanges-told-to-end.ts']);
    const [said] = (await once(program.stdout, 'data')) as [Buffer];
    expect(said.toString()).toBe('all have ended\n');
    if (program.exitCode === null) await once(program, 'exit');
  });

  it('ends when it is told to before anything was answered', async () => {
    answer = () => undefined;
    const told = new AbortController();
    const reading = exchange(url, {}, patience({ stop: told.signal }), readAll);
    await once(server, 'request');
    told.abort(new Error('told to end'));
    await expect(reading).rejects.toThrow('told to end');
  });

  it('never begins for somebody who was told to end already', async () => {
    let asked = 0;
    answer = (response) => {
      asked += 1;
      response.end();
    };
    const stop = AbortSignal.abort(new Error('told to end'));
    await expect(exchange(url, {}, patience({ stop }), readAll)).rejects.toThrow('told to end');
    expect(asked).toBe(0);
  });

  it('ends when the whole takes longer than it may, although something comes all the time', async () => {
    answer = trickle;
    const limited = patience({ ms: 100, of: 'everything' });
    await expect(exchange(url, {}, limited, readAll)).rejects.toThrow('nothing came for 100 ms');
  });

  it('ends when a stream falls silent', async () => {
    answer = fallSilent;
    const limited = patience({ ms: 100, of: 'silence' });
    await expect(exchange(url, {}, limited, readAll)).rejects.toThrow('nothing came for 100 ms');
  });

  it('lets go of a body that nobody reads', async () => {
    let closed: Promise<unknown> = Promise.resolve();
    answer = (response) => {
      closed = once(response, 'close');
      trickle(response);
    };
    const status = await exchange(url, {}, patience(), (given) => Promise.resolve(given.status));
    expect(status).toBe(200);
    await closed;
  });

  it('follows no redirection', async () => {
    answer = (response) => {
      response.writeHead(302, { location: 'http://127.0.0.1:1/' }).end();
    };
    await expect(exchange(url, {}, patience(), readAll)).rejects.toThrow('fetch failed');
  });

  it('gives the whole body', async () => {
    answer = (response) => {
      response.end(JSON.stringify({ name: 'Zoë' }));
    };
    expect(await exchange(url, {}, patience(), (given) => given.json())).toEqual({ name: 'Zoë' });
  });
});
