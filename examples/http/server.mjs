// OFFSWITCH_URL=… OFFSWITCH_GATEWAY_KEY=… node server.mjs
import { createServer } from 'node:http';
import { Gateway, HttpTransport, Secret } from 'offswitch-gateway';
import { guarded } from 'offswitch-gateway/http';

const { OFFSWITCH_URL: url, OFFSWITCH_GATEWAY_KEY: key, PORT = 3000 } = process.env;
const service = { url, key: new Secret(key) };
const report = (event) => event.kind !== 'lease.renewed' && console.error(event);
const transport = new HttpTransport({ service, report });
const gateway = new Gateway({ service, transport, report, policy: 'strict', version: '1.0.0' });
void gateway.run(new AbortController().signal);

const server = createServer(
  guarded(gateway, (request, response, { sub }) => response.end(`hello ${sub}`)),
);
server.listen(PORT, () => console.log(`listening on ${server.address().port}`));
