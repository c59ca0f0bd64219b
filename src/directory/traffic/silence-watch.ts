import type { AuditLog } from '../../audit/index.js';
import type { Transactions } from '../../kernel/tx.js';
import type { Log } from '../../platform/log/log.js';
import { regularly } from '../../platform/loop/regularly.js';
import { FAILING_FROM } from '../domain/health-state.js';
import { beginSilence, countUnwell } from '../postgres/silence.js';
import { sweepTraffic } from '../postgres/sweep-traffic.js';
import { silentEntry } from './silence-entries.js';

const LOOK_EVERY_MS = 60_000;
const LOOKS_BETWEEN_SWEEPS = 60;

/** Finds IdPs that have gone quiet: who leaves meanwhile keeps access, and nobody is told. */
export class SilenceWatch {
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
    let looks = 0;
    const failed = 'nobody could look for silent connections';
    const look = async (): Promise<void> => {
      const isSweep = looks % LOOKS_BETWEEN_SWEEPS === 0;
      looks += 1;
      await this.look();
      if (isSweep) await this.#transactions.read('background', sweepTraffic);
    };
    await regularly(look, { everyMs: LOOK_EVERY_MS, log: this.#log, failed }, stop);
  }

  /** Says once of each silence that it has begun: in the audit log, then to whoever is on call. */
  async look(): Promise<void> {
    const found = await this.#transactions.run('background', async (tx) => {
      const silent = await beginSilence(tx);
      if (silent.length > 0) await this.#audit.append(tx, silent.map(silentEntry));
      return silent;
    });
    // If we die here nobody hears it from us: the audit log and `offswitch_connections_silent` still say it.
    for (const silence of found)
      this.#log.alarm('connection_silent', 'nothing has succeeded on a connection for too long', {
        organization: silence.organization_id,
        connection: silence.connection_id,
        silent_since: silence.silent_since.toISOString(),
      });
  }

  async unwell(): Promise<{ readonly silent: number; readonly failing: number }> {
    return this.#transactions.read('background', (tx) => countUnwell(tx, FAILING_FROM));
  }
}
