// P4: nothing is lost, nothing is undone: the wire that other tests break breaks as it says.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { until } from '../../support/processes.js';
import { TcpProxy } from '../../support/tcp-proxy.js';

describe('a wire', () => {
  let echo: Server;
  let received: string;
  let proxy: TcpProxy;

  beforeEach(async () => {
    received = '';
    echo = createServer((socket) => {
      socket.on('data', (bytes) => {
        received += bytes.toString();
        socket.write(bytes);
      });
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    const address = echo.address();
    proxy = await TcpProxy.to(`127.0.0.1:${typeof address === 'object' ? address?.port : ''}`);
  });

  afterEach(async () => {
    await proxy.close();
    echo.close();
  });

  async function client(): Promise<{
    socket: Socket;
    heard: () => string;
    closed: Promise<unknown>;
  }> {
    const { port } = new URL(`tcp://${proxy.address}`);
    const socket = connect(Number(port), '127.0.0.1');
    let heard = '';
    socket.on('data', (bytes) => (heard += bytes.toString()));
    socket.on('error', () => undefined);
    const closed = new Promise((resolve) => socket.once('close', resolve));
    await Promise.race([once(socket, 'connect').catch(() => undefined), closed]);
    return { socket, heard: () => heard, closed };
  }

  it('carries bytes both ways and ends when one side ends', async () => {
    const { socket, heard, closed } = await client();
    socket.write('hello');
    await until('it comes back', () => heard() === 'hello');
    socket.end();
    await closed;
    await until('nothing is open', () => proxy.connections === 0);
  });

  it('resets connections that are there and new ones while it is cut', async () => {
    const before = await client();
    proxy.cut();
    await before.closed;
    await (
      await client()
    ).closed;
    proxy.heal();
    const after = await client();
    after.socket.write('again');
    await until('it comes back', () => after.heard() === 'again');
    after.socket.destroy();
  });

  it('lets a request through and keeps the reply while replies are silent', async () => {
    const { socket, heard } = await client();
    proxy.silence('replies');
    socket.write('deed');
    await until('the server has it', () => received === 'deed');
    expect(heard()).toBe('');
    proxy.heal();
    await until('the reply comes after all', () => heard() === 'deed');
    socket.destroy();
  });

  it('holds back one connection from the request on that a watcher waits for', async () => {
    const [held, other] = [await client(), await client()];
    proxy.watch((request, wire) => {
      if (request === 'deed' && wire.opening === 'I am held') wire.silence('requests');
    });
    for (const [one, opening] of [
      [held, 'I am held'],
      [other, 'I am not'],
    ] as const) {
      one.socket.write(opening);
      await until('it is known', () => one.heard() === opening);
      one.socket.write('deed');
    }
    await until('the other has its reply', () => other.heard() === 'I am notdeed');
    expect(held.heard()).toBe('I am held');
    proxy.heal();
    await until('the deed is done', () => held.heard() === 'I am helddeed');
    held.socket.destroy();
    other.socket.destroy();
  });

  it('lets what stands before it in the same packet pass', async () => {
    const { socket, heard } = await client();
    proxy.watch((request, wire) => {
      if (request.includes('deed')) wire.silence('requests', request.indexOf('deed'));
    });
    socket.write('before, deed, after');
    await until('what stands before has its reply', () => heard() === 'before, ');
    proxy.heal();
    await until('the rest follows', () => heard() === 'before, deed, after');
    socket.destroy();
  });

  it('bends what it was told to, also where a packet ends within it, and nothing else', async () => {
    const { socket, heard } = await client();
    proxy.bend('"name":"ada"', '"name":"eve"');
    socket.write('before "na');
    await until('what stands before has its reply', () => heard() === 'before ');
    socket.write('me":"ada" and "name":"bob", ');
    await until('it is bent', () => heard() === 'before "name":"eve" and "name":"bob", ');
    socket.write('"name":"ada""name":"a');
    await until('once more', () => heard().endsWith(', "name":"eve"'));
    proxy.heal();
    socket.write('da"');
    await until('it is bent no more', () => heard().endsWith(', "name":"eve""name":"ada"'));
    socket.destroy();
  });

  it('delivers late and in order while it is slow', async () => {
    const { socket, heard } = await client();
    proxy.delay(60);
    const start = Date.now();
    socket.write('one');
    socket.write('two');
    await until('both are back', () => heard() === 'onetwo');
    expect(Date.now() - start).toBeGreaterThanOrEqual(118);
    socket.destroy();
  });
});
