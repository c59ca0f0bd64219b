// OFFSWITCH_URL=… OFFSWITCH_GATEWAY_KEY=… node server.mjs
import { createServer } from 'node:http';
import { Gateway, HttpTransport, Secret } from 'offswitch-gateway';
import { admitStream, refuseUpgrade, webSocketCode } from 'offswitch-gateway';
import { WebSocketServer } from 'ws';

const { OFFSWITCH_URL: url, OFFSWITCH_GATEWAY_KEY: key, PORT = 3000 } = process.env;
const service = { url, key: new Secret(key) };
const report = (event) => event.kind !== 'lease.renewed' && console.error(event);
const transport = new HttpTransport({ service, report });
const gateway = new Gateway({ service, transport, report, policy: 'strict', version: '1.0.0' });
void gateway.run(new AbortController().signal);

const sockets = new WebSocketServer({ noServer: true });
const server = createServer((request, response) => response.writeHead(426).end());
server.on('upgrade', async (request, socket, head) => {
  socket.on('error', () => socket.destroy());
  let end = () => socket.destroy();
  const admission = await admitStream(gateway, request, (why) => end(why));
  if (admission.kind === 'refuse') return refuseUpgrade(socket, admission);
  sockets.handleUpgrade(request, socket, head, (webSocket) => {
    end = (why) => {
      webSocket.close(webSocketCode(why));
      webSocket.terminate(); // a client that does not answer the close goes on talking otherwise
    };
    webSocket.on('message', (text) => webSocket.send(`${admission.claims.sub}: ${text}`));
  });
});
server.listen(PORT, () => console.log(`listening on ${server.address().port}`));
