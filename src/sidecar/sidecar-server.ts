import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Registry } from 'prom-client';
import type { Address } from '../config/sidecar-config.js';
import type { Authz } from './authz.js';
import { openToAll, removeDeadSocket } from './socket-file.js';

export interface SidecarServerParts {
  readonly authz: Authz;
  readonly metrics: Registry;
  readonly isReady: () => boolean;
}

/** Longer than proxies keep idle connections, so that none is closed under a request. */
const KEEP_ALIVE_MS = 75_000;
/** A proxy hands on all headers of its client, cookies too. */
const HEADER_BYTES = 64 * 1024;
/** Answers under way get so long when the process is told to end. */
const DRAIN_MS = 5_000;

/** Plain `node:http`: a request here costs a few microseconds, and a framework would double it. */
export class SidecarServer {
  readonly #parts: SidecarServerParts;
  readonly #server: Server;
  #isDraining = false;

  constructor(parts: SidecarServerParts) {
    this.#parts = parts;
    const options = { maxHeaderSize: HEADER_BYTES, keepAliveTimeout: KEEP_ALIVE_MS };
    this.#server = createServer(options, (request, response) => {
      this.#route(request, response);
    });
  }

  /**
   * Resolves with the URL when it listens, or with `unix:` and the path.
   *
   * @throws Error when the address cannot be had
   */
  async listen(address: Address): Promise<string> {
    if ('path' in address) await removeDeadSocket(address.path);
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen({ ...address }, () => {
        this.#server.off('error', reject);
        resolve();
      });
    });
    if ('path' in address) {
      await openToAll(address.path);
      return `unix:${address.path}`;
    }
    const { address: host, family, port } = this.#server.address() as AddressInfo;
    return `http://${family === 'IPv6' ? `[${host}]` : host}:${port}`;
  }

  /** Takes no new connections and resolves when the answers under way are out. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    const timer = setTimeout(() => {
      this.#server.closeAllConnections();
    }, DRAIN_MS);
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
      this.#server.closeIdleConnections();
    });
    clearTimeout(timer);
  }

  #route(request: IncomingMessage, response: ServerResponse): void {
    if (this.#isDraining) response.shouldKeepAlive = false;
    const path = pathOf(request.url ?? '');
    // Envoy puts the path of the original request behind the prefix.
    if (path === '/authz' || path.startsWith('/authz/'))
      this.#parts.authz.answer(request, response);
    else if (path === '/health/live') plain(response, 200, 'live');
    else if (path === '/health/ready') this.#sayReady(response);
    else if (path === '/metrics') void this.#sayMetrics(response);
    else plain(response, 404, 'unknown path');
  }

  #sayReady(response: ServerResponse): void {
    const isReady = !this.#isDraining && this.#parts.isReady();
    plain(response, isReady ? 200 : 503, isReady ? 'ready' : 'not ready');
  }

  async #sayMetrics(response: ServerResponse): Promise<void> {
    const { metrics } = this.#parts;
    try {
      const text = await metrics.metrics();
      response.writeHead(200, { 'content-type': metrics.contentType }).end(text);
    } catch {
      plain(response, 500, 'the metrics cannot be read');
    }
  }
}

function pathOf(url: string): string {
  const query = url.indexOf('?');
  return query === -1 ? url : url.slice(0, query);
}

function plain(response: ServerResponse, status: number, text: string): void {
  const headers = { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' };
  response.writeHead(status, headers).end(`${text}\n`);
}
