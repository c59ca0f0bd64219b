import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** What travels from the client to the server, or back. */
export type Direction = 'requests' | 'replies';

interface Chunk {
  readonly bytes: Buffer | null;
  readonly dueAt: number;
}

/** One connection through the proxy, in the hands of who watches its requests. */
export interface Wire {
  /** What the client said first: a start-up packet of PostgreSQL names the application and the database. */
  readonly opening: string;
  /**
   * Nothing more passes in this direction until `heal()`, but for so many bytes of what is on its way.
   */
  silence(direction: Direction, passing?: number): void;
}

/** A wire between a client and a server that can be cut, silenced and slowed, as networks do. */
export class TcpProxy {
  readonly #server: Server;
  readonly #flows = new Set<Flow>();
  readonly #silent = new Set<Direction>();
  #target: { host: string; port: number } | null = null;
  #delayMs = 0;
  #isCut = false;
  #bend: Bend | null = null;
  #edit: Edit | null = null;
  #watcher: (request: string, wire: Wire) => void = () => undefined;

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

  /** Shows every request (its bytes as latin1) before it passes. One watcher at a time. */
  watch(watcher: (request: string, wire: Wire) => void): void {
    this.#watcher = watcher;
  }

  /**
   * Whatever replies say of `from` they say of `to`, which is as long. Let neither begin with what a reply may end with:
   * a beginning is held back until the rest has come.
   */
  bend(from: string, to: string): void {
    if (from.length !== to.length) throw new TypeError('a reply would change its length');
    this.#bend = { from: Buffer.from(from), to: Buffer.from(to) };
  }

  /**
   * Replies that begin with their length, as a broker's do, are edited one by one before they pass. The connections of now
   * are reset: somewhere in the middle nobody knows where a reply begins.
   */
  edit(edit: Edit): void {
    this.#edit = edit;
    this.reset();
  }

  /** A good wire again: silence, delay, cut, bend, edit and watch are over. */
  heal(): void {
    this.#isCut = false;
    this.#bend = null;
    this.#edit = null;
    this.#watcher = () => undefined;
    for (const flow of this.#flows) flow.isSilent = false;
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
    const open = (
      direction: Direction,
      [from, to]: readonly [Socket, Socket],
      arrives: (bytes: Buffer) => void,
    ): Flow => {
      const flow: Flow = new Flow(from, to, {
        isSilent: () => this.#silent.has(direction),
        delayMs: () => this.#delayMs,
        bend: () => (direction === 'replies' ? this.#bend : null),
        edit: () => (direction === 'replies' ? this.#edit : null),
        closed: () => this.#flows.delete(flow),
        arrives,
      });
      this.#flows.add(flow);
      return flow;
    };
    let opening: string | null = null;
    const flows = {
      requests: open('requests', [client, server], (bytes) => {
        const request = bytes.toString('latin1');
        opening ??= request;
        this.#watcher(request, { opening, silence });
      }),
      replies: open('replies', [server, client], () => undefined),
    };
    const silence = (direction: Direction, passing = 0): void => {
      flows[direction].silence(passing);
    };
  }
}

/** May change the bytes of one reply, and neither their number nor their order. */
type Edit = (reply: Buffer) => void;

interface Bend {
  readonly from: Buffer;
  readonly to: Buffer;
}

interface Conditions {
  bend(): Bend | null;
  edit(): Edit | null;
  isSilent(): boolean;
  delayMs(): number;
  closed(): void;
  /** Before anything else is done with it. */
  arrives(bytes: Buffer): void;
}

/** One direction of one connection. */
class Flow {
  readonly #queue: Chunk[] = [];
  readonly #from: Socket;
  readonly #to: Socket;
  readonly #wire: Conditions;
  #timer: NodeJS.Timeout | null = null;
  /** What may be the beginning of something that is to be bent or edited. */
  #held: Buffer = Buffer.alloc(0);
  /** This one alone. */
  isSilent = false;
  /** Of the bytes that arrive just now. */
  #passing = 0;

  constructor(from: Socket, to: Socket, wire: Conditions) {
    this.#from = from;
    this.#to = to;
    this.#wire = wire;
    from.on('data', (bytes) => {
      this.#passing = 0;
      wire.arrives(bytes);
      if (this.#passing > 0) to.write(bytes.subarray(0, this.#passing));
      this.#send(this.#bent(bytes.subarray(this.#passing)));
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

  #bent(bytes: Buffer): Buffer {
    const bend = this.#wire.bend();
    const all = Buffer.concat([this.#held, bytes]);
    this.#held = Buffer.alloc(0);
    const edit = this.#wire.edit();
    if (edit !== null) return this.#edited(all, edit);
    if (bend === null) return all;
    const { from, to } = bend;
    for (let at = all.indexOf(from); at !== -1; at = all.indexOf(from, at + from.length))
      to.copy(all, at);
    let begun = Math.min(from.length - 1, all.length);
    while (begun > 0 && !all.subarray(-begun).equals(from.subarray(0, begun))) begun -= 1;
    this.#held = all.subarray(all.length - begun);
    return all.subarray(0, all.length - begun);
  }

  #edited(all: Buffer, edit: Edit): Buffer {
    let end = 0;
    while (all.length >= end + 4 && all.length >= end + 4 + all.readInt32BE(end)) {
      const from = end + 4;
      end = from + all.readInt32BE(end);
      edit(all.subarray(from, end));
    }
    this.#held = all.subarray(end);
    return all.subarray(0, end);
  }

  silence(passing: number): void {
    this.isSilent = true;
    this.#passing = passing;
  }

  pump(): void {
    while (this.#queue.length > 0 && !this.isSilent && !this.#wire.isSilent()) {
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
