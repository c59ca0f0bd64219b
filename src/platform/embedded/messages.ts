/** What holders and the supervisor say to each other: one JSON object a line, on its pipes or on its socket. */

export type ServerName = 'postgres' | 'kafka';

/** Server settings by their own names, added to ours, e.g. `{ fsync: 'off' }`. */
export type Settings = Readonly<Record<string, string>>;

/** Which servers a holder needs. Settings count for the holder that starts the server, not for who adopts it. */
export interface Needs {
  readonly postgres?: Settings | undefined;
  readonly kafka?: Settings | undefined;
}

export interface Running {
  readonly pid: number;
  /** `postgres://…` of the superuser, or `host:port` of the broker. */
  readonly address: string;
}

/** The one word of a holder; it leaves by closing its side. `token`: from the lock, null for who started us. */
export interface Hold {
  readonly say: 'hold';
  readonly token: string | null;
  readonly needs: Needs;
}

export type FromSupervisor =
  | { readonly say: 'ready'; readonly servers: Readonly<Partial<Record<ServerName, Running>>> }
  | { readonly say: 'occupied' }
  | { readonly say: 'failed'; readonly message: string }
  | { readonly say: 'exited'; readonly server: ServerName; readonly log: string }
  | { readonly say: 'left' };

/** How a start looks to the supervisor process; its only argument, as JSON. */
export interface Assignment {
  /** Absolute path. */
  readonly home: string;
  /** Nothing in the home is worth keeping: servers are cut off instead of shut down, and the home is removed. */
  readonly temporary: boolean;
}

/** A start that could not happen. The message is for the person who started us: it says what to do. */
export class EmbeddedUnavailable extends Error {
  override readonly name = 'EmbeddedUnavailable';
}
