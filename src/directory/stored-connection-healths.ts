import { DomainError } from '../kernel/domain-error.js';
import type { Transactions } from '../kernel/tx.js';
import {
  ConnectionHealths,
  type ConnectionHealth,
  type SeenRequest,
} from './connection-healths.js';
import type { ConnectionName } from './connections.js';
import { healthState } from './domain/health-state.js';
import { listed, oneMore } from './listed.js';
import type { Listed, PageOf } from './page.js';
import {
  listConnectionRequests,
  listRequestCounts,
  listSecretUses,
  selectHealth,
} from './postgres/select-health.js';

export class StoredConnectionHealths extends ConnectionHealths {
  readonly #transactions: Transactions;

  constructor(transactions: Transactions) {
    super();
    this.#transactions = transactions;
  }

  override get(name: ConnectionName): Promise<ConnectionHealth | null> {
    return this.#transactions.read('service', async (tx) => {
      const row = await selectHealth(tx, name);
      if (row === null) return null;
      const known = {
        firstRequestAt: row.first_request_at,
        errorStreak: Number(row.error_streak ?? 0),
        silentSince: row.silent_since,
        secretEndsAt: row.secret_ends_at,
      };
      const secrets = await listSecretUses(tx, name);
      return {
        ...known,
        name,
        state: healthState({ ...known, removedAt: row.removed_at }),
        lastRequestAt: row.last_request_at,
        lastSuccessAt: row.last_success_at,
        lastFailureAt: row.last_failure_at,
        lastFailureCode: row.last_failure_code,
        lastTurnedAwayAt: row.last_turned_away_at,
        silenceAfterS: row.silence_after_s,
        secrets: secrets.map((secret) => ({
          createdAt: secret.created_at,
          expiresAt: secret.expires_at,
          lastUsedAt: secret.last_used_at,
        })),
        counts: await listRequestCounts(tx, name),
      };
    });
  }

  override requests(name: ConnectionName, page: PageOf<string>): Promise<Listed<SeenRequest>> {
    return this.#transactions.read('service', async (tx) => {
      if ((await selectHealth(tx, name)) === null) throw new DomainError('connection.unknown');
      return listed(await listConnectionRequests(tx, name, oneMore(page)), page.limit);
    });
  }
}
