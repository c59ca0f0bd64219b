import { entryOf, type Actor, type AuditLog } from '../audit/index.js';
import type { Case, Cases } from '../cases/index.js';
import type { Hash } from '../contract/crypto-types.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type CaseId, type EntryId, type Id, type OrganizationId } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import { beginEpoch, type TopicMemory } from '../outbox/index.js';
import { rememberServer, seeServer } from '../platform/installation/postgres/see-server.js';
import {
  adoptGenerations,
  adoptKids,
  adoptRecords,
  demandRosters,
  takeTime,
  type Adopted,
} from './postgres/adopt.js';

export interface RecoveryParts {
  readonly transactions: Transactions;
  readonly audit: AuditLog;
  readonly cases: Cases;
  readonly installation: Id<'installation'>;
  readonly hash: Hash;
}

export interface Recovered {
  readonly epoch: number;
  /** Chains whose end only the topic knew. */
  readonly chains: number;
  /** Records that only the topic had. */
  readonly records: number;
  readonly subjects: readonly Adopted[];
  /** Organizations whose IdPs have to say again who is there. */
  readonly rosters: readonly OrganizationId[];
}

/**
 * Makes a database trustworthy again that may have forgotten what it acknowledged: takes back from the topic every
 * revocation that it lacks, goes on from the furthest end of each chain in a new epoch, and demands the rosters.
 */
export class Recovery {
  readonly #parts: RecoveryParts;

  constructor(parts: RecoveryParts) {
    this.#parts = parts;
  }

  /**
   * All of it in one transaction, so that a recovery that dies has not begun.
   *
   * @throws DomainError `store.unavailable` while a service writes watermarks, or when a standby answers
   */
  recover(memory: TopicMemory, actor: Actor): Promise<Recovered> {
    return this.#parts.transactions.run('background', (tx) => this.#recoverIn(tx, memory, actor));
  }

  async #recoverIn(tx: Tx, memory: TopicMemory, actor: Actor): Promise<Recovered> {
    const { audit, hash } = this.#parts;
    await takeTime(tx);
    const sight = await seeServer(tx);
    if (sight === null) throw new DomainError('store.unavailable', 'a standby answers');
    const begun = await beginEpoch(tx, memory.heads, hash);
    const at = await audit.now(tx);
    const heard = [...memory.records.values()];
    const records = await adoptRecords(tx, heard, memory.covers);
    const subjects = await adoptGenerations(tx, heard, at);
    await this.#adoptKids(tx, begun.kids, memory, at);
    const rosters = await demandRosters(tx, begun.epoch, at);
    await rememberServer(tx, sight.server);
    const recovered = {
      epoch: begun.epoch,
      chains: begun.adopted,
      records,
      subjects,
      rosters,
    };
    await this.#write(tx, recovered, { at, actor });
    return recovered;
  }

  /** The chains list revoked keys for ever, also when the topic has long dropped their records. */
  async #adoptKids(
    tx: Tx,
    listed: readonly string[],
    memory: TopicMemory,
    at: Date,
  ): Promise<void> {
    const recorded = [...memory.records.values()]
      .filter(({ record }) => record.scope === 'kid')
      .map(({ record }) => ({
        kid: record.subject,
        case: record.case as CaseId,
        at: new Date(record.revoked_at),
      }));
    await adoptKids(tx, recorded);
    const named = listed.map((kid) => ({ kid, case: newId<CaseId>(), at }));
    for (const { kid, case: id } of await adoptKids(tx, named))
      await this.#parts.cases.open(tx, caseOfKid(kid, id, at));
  }

  async #write(
    tx: Tx,
    recovered: Recovered,
    { at, actor }: { readonly at: Date; readonly actor: Actor },
  ): Promise<void> {
    const { audit, installation } = this.#parts;
    const { epoch, chains, records, subjects, rosters } = recovered;
    const common = { at: at.toISOString(), outcome: 'success', actor } as const;
    await audit.append(tx, [
      entryOf({
        ...common,
        id: newId<EntryId>(),
        org: installation,
        action: 'installation.recovered',
        detail: { epoch, chains, records, subjects: subjects.length, rosters: rosters.length },
      }),
      ...subjects.map(({ organization, scope, subject, before, generation, case: id }) =>
        entryOf({
          ...common,
          id: newId<EntryId>(),
          org: organization,
          action: 'recovery.adopted',
          subject: { type: scope === 'org' ? 'organization' : scope, id: subject },
          case: id,
          detail: { before, generation, epoch },
        }),
      ),
    ]);
  }
}

const caseOfKid = (kid: string, id: CaseId, at: Date): Case => ({
  id,
  organization: null,
  cause: { kind: 'incident', connection: null, signal: null, actor: null, reason: 'recovery' },
  receivedAt: at,
  effect: {
    subject: { scope: 'kid', id: kid },
    user: null,
    generation: null,
    counts: { devices: 0, tokens: 0 },
    revokedAt: at,
  },
});
