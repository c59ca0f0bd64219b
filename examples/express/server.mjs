// OFFSWITCH_URL=… OFFSWITCH_GATEWAY_KEY=… node server.mjs
import express from 'express';
import { Gateway, HttpTransport, Secret } from 'offswitch-gateway';
import { claimsOf, protect } from 'offswitch-gateway/express';

const { OFFSWITCH_URL: url, OFFSWITCH_GATEWAY_KEY: key, PORT = 3000 } = process.env;
const service = { url, key: new Secret(key) };
const report = (event) => event.kind !== 'lease.renewed' && console.error(event);
const transport = new HttpTransport({ service, report });
const gateway = new Gateway({ service, transport, report, policy: 'strict', version: '1.0.0' });
void gateway.run(new AbortController().signal);

const app = express();
app.use(protect(gateway)); // in front of everything that reads a body
app.get('/', (request, response) => response.send(`hello ${claimsOf(request).sub}`));
const server = app.listen(PORT, () => console.log(`listening on ${server.address().port}`));
