import type { ErrorCode } from '../kernel/domain-error.js';
import type { ConnectionId, OrganizationId } from '../kernel/ids.js';

/** Whose request it was, as the sender has proven. */
export interface Sender {
  readonly organization: OrganizationId;
  readonly connection: ConnectionId;
  /** The secret that was shown; null for kinds that sign. */
  readonly secret: string | null;
}

/** What a request named, without any value but those of `active`. */
export type Named = Readonly<Record<string, unknown>>;

/** A request that has been answered. */
export interface AnsweredRequest {
  readonly sender: Sender;
  readonly requestId: string;
  readonly at: Date;
  readonly method: string;
  /** The pattern, never the path: paths carry names. */
  readonly route: string;
  /** Of what sort it was: `users.patch`, `search`, `signal` … */
  readonly operation: string;
  readonly status: number;
  /** Of the refusal; null when it was none. */
  readonly code: string | null;
  readonly ms: number;
  /** Reads the request again, later and only if it is among the last ones. Null when it is too large for that. */
  readonly named: (() => Named | null) | null;
}

/** Keeps in mind what IdPs ask for, beside their requests and never in them. */
export abstract class ConnectionTraffic {
  /** Takes no trip and never fails. What a crash takes with it is what was noted in the last seconds. */
  abstract note(answered: AnsweredRequest): void;

  /** Somebody said to be this connection and has not proven it. */
  abstract turnedAway(
    connection: Pick<Sender, 'organization' | 'connection'>,
    reason: ErrorCode,
  ): void;
}
