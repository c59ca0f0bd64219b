import { DomainError } from '../kernel/domain-error.js';
import { newId, type EntryId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import type { AlarmCode } from '../platform/log/alarms.js';
import type { Log } from '../platform/log/log.js';
import { pause } from '../platform/time/pause.js';
import type { AuditLog } from './audit-log.js';
import { entryOf, type AuditEntry, type LogId } from './domain/entry.js';
import type { Finding, Partitions, SelfCheck } from './self-check.js';

const HOUR_MS = 3_600_000;

export interface RoundsParts {
  readonly transactions: Transactions;
  readonly log: Log;
  readonly audit: AuditLog;
  readonly partitions: Partitions;
  readonly check: SelfCheck;
  /** Whose log the results go to. */
  readonly installation: LogId;
}

/**
 * At start and every hour: makes partitions ahead, looks whether the log's defences stand, and writes into the
 * log what it found. Every replica does this; more often does no harm.
 */
export class AuditRounds {
  readonly #parts: RoundsParts;
  #latest: readonly Finding[] | null = null;

  constructor(parts: RoundsParts) {
    this.#parts = parts;
  }

  /** What the last completed check found; null before the first. */
  get latest(): readonly Finding[] | null {
    return this.#latest;
  }

  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      await this.runOnce();
      await pause(HOUR_MS, stop);
    }
  }

  /** Never throws: what fails is alarmed and tried again an hour later, when three months are still ahead. */
  async runOnce(): Promise<void> {
    await this.#alarmed('audit_partitions_missing', () => this.#makePartitions());
    await this.#alarmed('audit_self_check_failed', () => this.#check());
  }

  async #makePartitions(): Promise<void> {
    const { transactions, partitions, audit } = this.#parts;
    await transactions.run('background', async (tx) => {
      const made = await partitions.ensure(tx);
      if (made.length === 0) return;
      const at = await audit.now(tx);
      await audit.append(tx, [
        this.#entry(at, 'audit.partition_created', 'success', { partitions: made }),
      ]);
    });
  }

  async #check(): Promise<void> {
    const { transactions, audit, log } = this.#parts;
    const findings = await this.#findings();
    this.#latest = findings;
    for (const { kind, what } of findings) {
      if (kind === 'hardening') log.warn('audit hardening is missing', { what });
      else
        log.alarm('audit_defences_wrong', 'audit defences are not as they must be', { kind, what });
    }
    await transactions.run('background', async (tx) => {
      const at = await audit.now(tx);
      const outcome = findings.length === 0 ? 'success' : 'failure';
      const found = findings.map(({ kind, what }) => ({ kind, what }));
      await audit.append(tx, [this.#entry(at, 'audit.checked', outcome, { findings: found })]);
    });
  }

  async #findings(): Promise<readonly Finding[]> {
    const { transactions, check, log } = this.#parts;
    try {
      return await transactions.read('background', (tx) => check.findings(tx));
    } catch (error) {
      // Away is trouble of the server's; anything else means that the check found something it cannot read.
      if (error instanceof DomainError) throw error;
      log.alarm('audit_self_check_failed', 'the check could not run', { error });
      return [{ kind: 'check', what: 'the check could not run' }];
    }
  }

  #entry(
    at: Date,
    action: AuditEntry['action'],
    outcome: AuditEntry['outcome'],
    detail: AuditEntry['detail'],
  ): AuditEntry {
    return entryOf({
      id: newId<EntryId>(),
      org: this.#parts.installation,
      at: at.toISOString(),
      action,
      outcome,
      actor: { type: 'service', id: 'audit' },
      subject: { type: 'audit', id: 'audit' },
      detail,
    });
  }

  async #alarmed(alarm: AlarmCode, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#parts.log.alarm(alarm, 'a round of the audit log failed', { error });
    }
  }
}
