import { entryOf, type AuditEntry, type AuditLog } from '../audit/index.js';
import { newId, type EntryId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import type { Log } from '../platform/log/log.js';
import { regularly } from '../platform/loop/regularly.js';
import {
  countEndingSecrets,
  tellEndingSecrets,
  type EndingSecret,
} from './postgres/ending-secrets.js';

const LOOK_EVERY_MS = 60_000;

/** Finds secrets that are about to end while their IdPs still show them: from then on nobody tells us who has left. */
export class EndingSecretsWatch {
  readonly #transactions: Transactions;
  readonly #audit: AuditLog;
  readonly #log: Log;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly audit: AuditLog;
    readonly log: Log;
  }) {
    this.#transactions = parts.transactions;
    this.#audit = parts.audit;
    this.#log = parts.log;
  }

  async run(stop: AbortSignal): Promise<void> {
    const failed = 'nobody could look for secrets that are about to end';
    await regularly(() => this.look(), { everyMs: LOOK_EVERY_MS, log: this.#log, failed }, stop);
  }

  /** Says of each of them once that it ends: in the audit log, then to whoever is on call. */
  async look(): Promise<void> {
    const found = await this.#transactions.run('background', async (tx) => {
      const ending = await tellEndingSecrets(tx);
      if (ending.length > 0) await this.#audit.append(tx, ending.map(entry));
      return ending;
    });
    // If we die here nobody hears it from us: `offswitch_connection_secrets_ending` and the health still say it.
    for (const { organization_id, connection_id, expires_at } of found)
      this.#log.alarm(
        'connection_secret_ending',
        'an IdP still shows a secret that is about to end',
        {
          organization: organization_id,
          connection: connection_id,
          ends_at: expires_at.toISOString(),
        },
      );
  }

  ending(): Promise<number> {
    return this.#transactions.read('background', countEndingSecrets);
  }
}

const entry = (secret: EndingSecret): AuditEntry =>
  entryOf({
    id: newId<EntryId>(),
    org: secret.organization_id,
    at: secret.at.toISOString(),
    action: 'connection.secret_ending',
    outcome: 'success',
    actor: { type: 'service', id: 'ending-secrets-watch' },
    subject: { type: 'connection', id: secret.connection_id },
    connection: secret.connection_id,
    detail: { ends_at: secret.expires_at.toISOString() },
  });
