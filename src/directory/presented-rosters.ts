import type { Id, UserId } from '../kernel/ids.js';
import type { ConnectionName } from './connections.js';
import type { PresentedPerson } from './domain/roster-names.js';

export type RosterId = Id<'roster'>;

/** A roster that somebody has sent for one connection, while it is compared with whom that connection has told us of. */
export interface PresentedRoster {
  readonly id: RosterId;
  readonly connection: ConnectionName;
}

export interface ComparedPerson {
  readonly user: UserId;
  /** By what the connection itself has said. */
  readonly isActive: boolean;
  readonly isOnRoster: boolean;
}

/** Keeps rosters while they are compared: digests of names, which nobody can read again, however long the roster is. */
export abstract class PresentedRosters {
  /** @returns how many names are kept that were not kept before */
  abstract add(roster: PresentedRoster, people: readonly PresentedPerson[]): Promise<number>;

  /** Whom the connection has told us of and has not deleted, in the order of their ids, after the one named. */
  abstract compare(
    roster: PresentedRoster,
    page: { readonly after: UserId | null; readonly limit: number },
  ): Promise<readonly ComparedPerson[]>;

  /** How many names are there. Fewer than were added: the database was started again, and nothing may be concluded. */
  abstract count(roster: PresentedRoster): Promise<number>;

  /** Forgets it. */
  abstract drop(roster: PresentedRoster): Promise<void>;
}
