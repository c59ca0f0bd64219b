import { entryOf, type AuditLog } from '../audit/index.js';
import { newId, type EntryId, type Id } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import { rememberServer, seeServer } from '../platform/installation/postgres/see-server.js';
import type { Log } from '../platform/log/log.js';
import type { DatabaseGuard } from '../platform/postgres/database-guard.js';
import { standingOf, type Sight } from '../platform/postgres/server-identity.js';
import { pause } from '../platform/time/pause.js';
import { readClock } from './postgres/read-clock.js';

export interface WatchParts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly installation: { readonly id: Id<'installation'>; readonly epoch: number };
  readonly guard: DatabaseGuard;
  readonly log: Log;
}

/** A promise of a standby counts from the moment that it is written down, milliseconds. */
const EACH_MS = 2_000;

/** Writes down on which server the installation runs and whether a standby keeps what it acknowledges. */
export class InstallationWatch {
  readonly #parts: WatchParts;

  constructor(parts: WatchParts) {
    this.#parts = parts;
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.look();
      await pause(EACH_MS, stop);
    }
  }

  async look(): Promise<void> {
    const { transactions, installation, guard } = this.#parts;
    const sight = await transactions.read('background', seeServer);
    if (sight === null) return;
    const standing = standingOf(sight, installation.epoch);
    if (standing.kind === 'lost') {
      guard.demandRecovery(standing.why);
      return;
    }
    const isNews =
      standing.kind !== 'same' || sight.known?.isSynchronous !== sight.server.isSynchronous;
    if (isNews) await transactions.run('background', (tx) => this.#remember(tx, sight));
  }

  async #remember(tx: Tx, { known, server }: Sight): Promise<void> {
    const { audit, installation, log } = this.#parts;
    if (!(await rememberServer(tx, server))) return;
    const at = await readClock(tx);
    const told = {
      from: known && { ...known },
      to: { ...server },
    };
    await audit.append(tx, [
      entryOf({
        id: newId<EntryId>(),
        org: installation.id,
        at: at.toISOString(),
        action: 'installation.moved',
        outcome: 'success',
        actor: { type: 'service', id: 'start' },
        detail: told,
      }),
    ]);
    log.info(
      server.isSynchronous
        ? 'a standby keeps what the database acknowledges'
        : 'no synchronous standby: with the database server, acknowledged revocations may be lost',
      told,
    );
  }
}
