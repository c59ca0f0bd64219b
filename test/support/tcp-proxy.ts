import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What travels from the client to the server, or back. */
export type Direction = 'requests' | 'replies';

interface Chunk {
  readonly bytes: Buffer | null;
  readonly dueAt: number;
}

/** A wire between a client and a server that can be cut, silenced and slowed, as networks do. */
export class TcpProxy {
  readonly #server: Server;
  readonly #flows = new Set<Flow>();
  readonly #silent = new Set<Direction>();
  #target: { host: string; port: number } | null = null;
  #delayMs = 0;
  #isCut = false;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (client) => {
      this.#join(client);
    });
  }

  /** @param target `host:port` or a URL; may be given later by `lead()`, until then connections are reset */
  static async to(target?: string): Promise<TcpProxy> {
    const server = createServer({ allowHalfOpen: true });
    const proxy = new TcpProxy(server);
    if (target !== undefined) proxy.lead(target);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return proxy;
  }

  /** `127.0.0.1:port`, where clients connect. */
  get address(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  }

  /** The same URL by way of the proxy. */
  instead(url: string): string {
    const through = new URL(url);
    through.host = this.address;
    return through.href;
  }

  /** Leads from now on to this server. */
  lead(target: string): void {
    const { hostname, port } = new URL(target.includes('://') ? target : `tcp://${target}`);
    this.#target = { host: hostname, port: Number(port) };
  }

  /** Resets every connection and refuses new ones, until `heal()`. */
  cut(): void {
    this.#isCut = true;
    this.reset();
  }

  /** Resets the connections of now; new ones pass. */
  reset(): void {
    for (const flow of this.#flows) flow.destroy();
  }

  /** Nothing passes, and nobody is told: as in a network partition, what was sent arrives after `heal()`. */
  silence(...directions: readonly Direction[]): void {
    const all = directions.length > 0 ? directions : (['requests', 'replies'] as const);
    for (const direction of all) this.#silent.add(direction);
  }

  /** Everything that is sent from now on arrives this much later. */
  delay(milliseconds: number): void {
    this.#delayMs = milliseconds;
  }

  /** A good wire again: silence, delay and cut are over. */
  heal(): void {
    this.#isCut = false;
    this.#delayMs = 0;
    this.#silent.clear();
    for (const flow of this.#flows) flow.pump();
  }

  /** How many connections are open now. */
  get connections(): number {
    return this.#flows.size / 2;
  }

  async close(): Promise<void> {
    this.cut();
    const closed = once(this.#server, 'close');
    this.#server.close();
    await closed;
  }

  #join(client: Socket): void {
    const target = this.#target;
    if (this.#isCut || target === null) {
      client.resetAndDestroy();
      return;
    }
    const server = connect({ ...target, allowHalfOpen: true });
    const open = (direction: Direction, from: Socket, to: Socket): Flow => {
      const flow: Flow = new Flow(from, to, {
        isSilent: () => this.#silent.has(direction),
        delayMs: () => this.#delayMs,
        closed: () => this.#flows.delete(flow),
      });
      this.#flows.add(flow);
      return flow;
    };
    open('requests', client, server);
    open('replies', server, client);
  }
}

interface Wire {
  isSilent(): boolean;
  delayMs(): number;
  closed(): void;
}

/** One direction of one connection. */
class Flow {
  readonly #queue: Chunk[] = [];
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #wire: Wire;
  #timer: NodeJS.Timeout | null = null;

  constructor(from: Socket, to: Socket, wire: Wire) {
    this.#from = from;
    this.#to = to;
    this.#wire = wire;
    from.on('data', (bytes) => {
      this.#send(bytes);
    });
    from.on('end', () => {
      this.#send(null);
    });
    from.on('error', () => {
      this.destroy();
    });
    from.on('close', (hadError) => {
      if (hadError) this.destroy();
      this.#wire.closed();
    });
  }

  #send(bytes: Buffer | null): void {
    this.#queue.push({ bytes, dueAt: Date.now() + this.#wire.delayMs() });
    this.pump();
  }

  pump(): void {
    while (this.#queue.length > 0 && !this.#wire.isSilent()) {
      const wait = this.#queue[0]!.dueAt - Date.now();
      if (wait > 0) {
        this.#timer ??= setTimeout(() => {
          this.#timer = null;
          this.pump();
        }, wait);
        return;
      }
      const { bytes } = this.#queue.shift()!;
      if (bytes === null) this.#to.end();
      else if (this.#to.writable) this.#to.write(bytes);
    }
  }

  destroy(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#queue.length = 0;
    this.#from.resetAndDestroy();
    this.#to.resetAndDestroy();
  }
}
