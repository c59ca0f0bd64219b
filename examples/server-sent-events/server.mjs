// OFFSWITCH_URL=… OFFSWITCH_GATEWAY_KEY=… node server.mjs
import { createServer } from 'node:http';
import { admitStream, Gateway, HttpTransport, Secret } from 'offswitch-gateway';

const { OFFSWITCH_URL: url, OFFSWITCH_GATEWAY_KEY: key, PORT = 3000 } = process.env;
const service = { url, key: new Secret(key) };
const report = (event) => event.kind !== 'lease.renewed' && console.error(event);
const transport = new HttpTransport({ service, report });
const gateway = new Gateway({ service, transport, report, policy: 'strict', version: '1.0.0' });
void gateway.run(new AbortController().signal);

const server = createServer(async (request, response) => {
  const admission = await admitStream(gateway, request, () => response.destroy());
  if (admission.kind === 'refuse')
    return response.writeHead(admission.status, admission.headers).end();
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  response.write(`data: hello ${admission.claims.sub}\n\n`);
  const beat = setInterval(() => response.write(`data: ${new Date().toISOString()}\n\n`), 1000);
  response.on('close', () => clearInterval(beat));
});
server.listen(PORT, () => console.log(`listening on ${server.address().port}`));
