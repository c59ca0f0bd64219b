import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The floor of a request: reads the body, answers as many bytes as SCIM does, and does nothing. */
const body = JSON.stringify({ filler: 'x'.repeat(600) });
const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(body);
  });
});
server.listen(0, '127.0.0.1', () => {
  process.send?.({ kind: 'listening', port: (server.address() as AddressInfo).port });
});
process.on('SIGTERM', () => {
  server.closeAllConnections();
  server.close();
  process.disconnect();
});
