// A program: exchanges that are told to end at some time, while memory is collected all the time. Ends when all have.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as after } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { exchange } from '../../src/gateway/exchange.js';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as (options: { type: 'major' | 'minor' }) => void;

const server = createServer((_, response) => {
  setTimeout(() => {
    response.writeHead(200);
    response.write('a word, and then silence');
  }, 10 * Math.random());
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
setInterval(() => {
  collectGarbage({ type: Math.random() < 0.5 ? 'major' : 'minor' });
}, 7);

async function askAndTell(): Promise<void> {
  const told = new AbortController();
  const patience = { stop: told.signal, ms: 600_000, of: 'silence' } as const;
  const ended = exchange(url, {}, patience, (answer) => answer.bytes()).then(
    () => Promise.reject(new Error('nobody ended the answer')),
    () => undefined,
  );
  await after(400 * Math.random());
  told.abort();
  await ended;
}

async function inTurn(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await askAndTell();
}

await Promise.all(Array.from({ length: 20 }, inTurn));
process.stdout.write('all have ended\n');
process.exit();
