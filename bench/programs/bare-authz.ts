import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createVerifier } from 'fast-jwt';

/** The floor of `/authz`: bare Node, fast-jwt with its cache, an empty answer. It knows of no revocation. */
const verify = createVerifier({
  key: process.env['KEY'] ?? '',
  ...{ algorithms: ['EdDSA'], cache: 10_000, allowedAud: 'offswitch' },
});
const server = createServer({ keepAliveTimeout: 75_000 }, (request, response) => {
  try {
    verify((request.headers.authorization ?? '').slice('Bearer '.length));
    response.writeHead(200, ['content-length', '0']);
  } catch {
    response.writeHead(401, ['content-length', '0']);
  }
  response.end();
});
const path = process.env['SOCKET'];
server.listen(path === undefined ? { port: 0, host: '127.0.0.1' } : { path }, () => {
  const port = path === undefined ? (server.address() as AddressInfo).port : 0;
  process.send?.({ kind: 'listening', port });
});
process.on('SIGTERM', () => {
  server.closeAllConnections();
  server.close();
  process.disconnect();
});
