import { request, type IncomingMessage } from 'node:http';
import { machineMs } from '../frame/load.js';

/** So many followers of the feed in one process. Each reads what comes and looks for one person's record. */
const env = (name: string): string => process.env[name] ?? '';
const url = env('OFFSWITCH_URL');
const authorization = `Bearer ${env('OFFSWITCH_GATEWAY_KEY')}`;
const count = Number(env('FOLLOWERS'));
let watched = '';
let seen = 0;

const get = (path: string, headers: Readonly<Record<string, string>>): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request(url + path, { agent: false, headers: { authorization, ...headers } }, (answer) => {
      if (answer.statusCode === 200) resolve(answer);
      else reject(new Error(`${path} answered ${answer.statusCode}`));
    })
      .on('error', reject)
      .end();
  });

const snapshot = await get('/v1/revocations/snapshot', {});
snapshot.resume();
const position = (snapshot.headers.etag ?? '').replaceAll('"', '');

for (let i = 0; i < count; i += 1) {
  const stream = await get('/v1/revocations/stream', { 'last-event-id': position });
  let told = '';
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    // A record may come in two pieces.
    const both = rest + text;
    rest = both.slice(-600);
    if (watched === '' || told === watched || !both.includes(watched)) return;
    told = watched;
    seen += 1;
    if (seen === count) process.send?.({ kind: 'seen', ms: machineMs() });
  });
}
process.on('message', (said: { readonly kind: string; readonly user: string }) => {
  watched = said.user;
  seen = 0;
  process.send?.({ kind: 'watching' });
});
process.on('SIGTERM', () => process.exit(0));
process.send?.({ kind: 'following' });
