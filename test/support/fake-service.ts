import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Lease, LeaseRequest, PublicJwk } from '../../src/contract/lease.js';
import type { Written } from './topic-writer.js';

/** The two answers that a gateway needs from the service, and a way to change or withhold them. */
export class FakeService {
  readonly key = 'ofs_gateway_visibly_fake';
  readonly requests: LeaseRequest[] = [];
  /** Processes that said that they have ended. */
  readonly ended: string[] = [];
  /** Leases and goodbyes as they came, with their process. */
  readonly heard: (readonly ['lease' | 'goodbye', string])[] = [];
  /** Hears them, and hangs up. */
  cutsGoodbyes = false;
  /** Answers 503 to them alone. */
  refusesGoodbyes = false;
  /** Does not know the process that they name. */
  knowsNobody = false;
  readonly tokenKeys: PublicJwk[] = [];
  /** What it gives out by digest, with the headers of the topic. */
  readonly records = new Map<string, Written>();
  lease: Omit<Lease, 'jwks_url' | 'lease_until'>;
  /** How often the JWKS was asked for. */
  asked = 0;
  /** Answers with this status instead. */
  status: number | null = null;
  readonly #server: Server;

  private constructor(lease: FakeService['lease']) {
    this.lease = lease;
    this.#server = createServer((request, response) => {
      const record = this.records.get(request.url?.split('/v1/revocations/records/')[1] ?? '');
      if (record !== undefined) {
        response.writeHead(200, record.headers).end(record.value);
        return;
      }
      void this.#answer(request).then(([status, body]) => {
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(body === null ? undefined : JSON.stringify(body));
      });
    });
  }

  static async start(lease: FakeService['lease'], port = 0): Promise<FakeService> {
    const service = new FakeService(lease);
    await new Promise<void>((resolve) => service.#server.listen(port, '127.0.0.1', resolve));
    return service;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage): Promise<[number, unknown]> {
    let text = '';
    for await (const chunk of request) text += String(chunk);
    if (this.status !== null) return [this.status, {}];
    if (request.url === '/.well-known/jwks.json') {
      this.asked += 1;
      return [200, { keys: this.tokenKeys }];
    }
    const [, ended] = request.url?.split('/v1/gateways/self/lease/') ?? [];
    if (request.method === 'DELETE' && ended !== undefined) {
      if (this.refusesGoodbyes) return [503, {}];
      if (this.knowsNobody) return [404, { code: 'gateway.process_unknown' }];
      this.ended.push(ended);
      this.heard.push(['goodbye', ended]);
      if (this.cutsGoodbyes) request.socket.destroy();
      return [204, null];
    }
    const isLease = request.method === 'PUT' && request.url === '/v1/gateways/self/lease';
    if (!isLease) return [404, {}];
    if (request.headers.authorization !== `Bearer ${this.key}`) return [401, {}];
    const asked = JSON.parse(text) as LeaseRequest;
    this.requests.push(asked);
    this.heard.push(['lease', asked.boot]);
    const until = new Date(Date.now() + this.lease.staleness_ms).toISOString();
    const lease: Lease = {
      ...this.lease,
      lease_until: until,
      jwks_url: `${this.url}/.well-known/jwks.json`,
    };
    return [200, lease];
  }
}
