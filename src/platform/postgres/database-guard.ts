import type { ClientBase } from 'pg';
import { DomainError } from '../../kernel/domain-error.js';
import type { Log } from '../log/log.js';
import { SIGHT, sightOf, standingOf, type SightRow } from './server-identity.js';

/**
 * Stands between this process and a database that may have forgotten revocations. Each new connection is looked at
 * before it is used: whatever replaces a server, it breaks the connections to the one before.
 */
export class DatabaseGuard {
  readonly #epoch: number;
  readonly #log: Log;
  #lost: string | null = null;

  /** @param epoch of the installation, as this process began */
  constructor(epoch: number, log: Log) {
    this.#epoch = epoch;
    this.#log = log;
  }

  /** Why nothing may be issued or written any more; null while all is well. It stays until the process ends. */
  get lost(): string | null {
    return this.#lost;
  }

  /** Somebody found out that this database lacks what it once acknowledged. */
  demandRecovery(why: string): void {
    if (this.#lost === null)
      this.#log.error('the database may have forgotten revocations: run offswitch recover', {
        alarm: 'recovery_needed',
        why,
      });
    this.#lost ??= why;
  }

  /** @throws DomainError `store.recovery_needed` */
  demandSound(): void {
    if (this.#lost !== null) throw new DomainError('store.recovery_needed', RECOVER);
  }

  /**
   * Looks at a connection that has just been made.
   *
   * @throws DomainError `store.recovery_needed`, `store.unavailable` when a standby answers
   */
  readonly admit = async (client: Pick<ClientBase, 'query'>): Promise<void> => {
    const { rows } = await client.query<SightRow>(SIGHT);
    const [row] = rows;
    if (row === undefined) throw new DomainError('store.unavailable', 'there is no installation');
    const sight = sightOf(row);
    if (sight === null) throw new DomainError('store.unavailable', 'a standby answers');
    const standing = standingOf(sight, this.#epoch);
    if (standing.kind === 'lost') this.demandRecovery(standing.why);
    this.demandSound();
  };
}

const RECOVER =
  'the database may have forgotten revocations: an operator must run offswitch recover';
