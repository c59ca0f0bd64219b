// OFFSWITCH_URL=… OFFSWITCH_GATEWAY_KEY=… node server.mjs
import { fastify } from 'fastify';
import { Gateway, HttpTransport, Secret } from 'offswitch-gateway';
import { claimsOf, onRequest } from 'offswitch-gateway/fastify';

const { OFFSWITCH_URL: url, OFFSWITCH_GATEWAY_KEY: key, PORT = 3000 } = process.env;
const service = { url, key: new Secret(key) };
const report = (event) => event.kind !== 'lease.renewed' && console.error(event);
const transport = new HttpTransport({ service, report });
const gateway = new Gateway({ service, transport, report, policy: 'strict', version: '1.0.0' });
void gateway.run(new AbortController().signal);

const app = fastify();
app.addHook('onRequest', onRequest(gateway));
app.get('/', (request) => `hello ${claimsOf(request).sub}`);
await app.listen({ port: Number(PORT) });
console.log(`listening on ${app.server.address().port}`);
