import type { ErrorCode } from '../kernel/domain-error.js';
import type { ConnectionId } from '../kernel/ids.js';
import type { LogId } from './domain/entry.js';

/** A request that was refused before anybody had proven who they are. */
export interface Refusal {
  /** The connection's organization; the installation where the door cannot tell whose connection it would be. */
  readonly log: LogId;
  /** Null unless the connection exists: a made-up id must not make an entry of its own. */
  readonly connection: ConnectionId | null;
  /** Which door refused: `scim`, `webhooks`, `admin`, `device-auth`, `gateways` … */
  readonly door: string;
  readonly reason: ErrorCode;
}

export abstract class Refusals {
  /**
   * Counts a refusal. It becomes part of one entry per door, connection, reason and minute, so that nobody can
   * fill the log from outside. Takes no transaction and never fails; the entry is written within the next
   * minute. What a crash takes with it is at most the counts of that minute: they refused, so they changed nothing.
   */
  abstract count(refusal: Refusal): void;
}
