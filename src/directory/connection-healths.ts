import type { ConnectionName } from './connections.js';
import type { Named } from './connection-traffic.js';
import type { HealthState } from './domain/health-state.js';
import type { Listed, PageOf } from './page.js';

/** How an IdP has been doing. Times up to a few seconds ago: what replicas have noted since is not in it. */
export interface ConnectionHealth {
  readonly name: ConnectionName;
  readonly state: HealthState;
  readonly firstRequestAt: Date | null;
  readonly lastRequestAt: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly lastFailureAt: Date | null;
  readonly lastFailureCode: string | null;
  /** Failures since the last success. */
  readonly errorStreak: number;
  readonly lastTurnedAwayAt: Date | null;
  readonly silenceAfterS: number | null;
  readonly silentSince: Date | null;
  /** When the secret that it shows ends, if that is soon. */
  readonly secretEndsAt: Date | null;
  /** Live ones, the newest first. */
  readonly secrets: readonly {
    readonly createdAt: Date;
    readonly expiresAt: Date | null;
    readonly lastUsedAt: Date | null;
  }[];
  readonly counts: readonly RequestCount[];
}

export interface RequestCount {
  readonly operation: string;
  readonly outcome: string;
  /** Of this day, UTC. */
  readonly today: number;
  /** Of the last thirty days, with this one. */
  readonly days30: number;
}

/** One of the last requests of a connection. */
export interface SeenRequest {
  readonly id: string;
  readonly at: Date;
  readonly method: string;
  readonly route: string;
  readonly operation: string;
  readonly status: number;
  readonly code: string | null;
  readonly ms: number;
  readonly named: Named | null;
}

export abstract class ConnectionHealths {
  /** @returns null when the organization has no such connection; removed ones are still shown */
  abstract get(name: ConnectionName): Promise<ConnectionHealth | null>;

  /** The last requests, newest first. */
  abstract requests(name: ConnectionName, page: PageOf<string>): Promise<Listed<SeenRequest>>;
}
