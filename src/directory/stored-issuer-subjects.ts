import type { AuditLog } from '../audit/index.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type OrganizationId, type UserId } from '../kernel/ids.js';
import type { Transactions } from '../kernel/tx.js';
import type { Asking } from './asking.js';
import { deedEntry } from './deed-entry.js';
import {
  IssuerSubjects,
  type IssuerSubject,
  type IssuerSubjectId,
  type NewIssuerSubject,
} from './issuer-subjects.js';
import {
  endIssuerSubject,
  insertIssuerSubject,
  listIssuerSubjects,
  lockIssuerSubject,
} from './postgres/issuer-subjects.js';

export class StoredIssuerSubjects extends IssuerSubjects {
  readonly #transactions: Transactions;
  readonly #audit: AuditLog;

  constructor(transactions: Transactions, audit: AuditLog) {
    super();
    this.#transactions = transactions;
    this.#audit = audit;
  }

  override add(subject: NewIssuerSubject, asking: Asking): Promise<IssuerSubject> {
    const id = newId<IssuerSubjectId>();
    const { organization, user, issuer, sub } = subject;
    return this.#transactions.run('service', async (tx) => {
      const locked = await lockIssuerSubject(tx, subject);
      if (locked === null) throw new DomainError('user.unknown');
      const at = locked.taken ? null : await insertIssuerSubject(tx, id, subject);
      if (at === null)
        throw new DomainError('subject.taken', 'somebody is called so by this issuer already');
      // The subject itself is personal data: whoever may see it finds it under its id.
      await this.#audit.append(tx, [
        deedEntry(
          {
            ...{ organization, at, action: 'user.subject_added' },
            ...{ subject: { type: 'user', id: user }, detail: { subject: id, issuer } },
          },
          asking,
        ),
      ]);
      return { id, issuer, sub, createdAt: at };
    });
  }

  override list(organization: OrganizationId, user: UserId): Promise<readonly IssuerSubject[]> {
    return this.#transactions.read('service', (tx) => listIssuerSubjects(tx, organization, user));
  }

  override remove(
    { organization, user, id }: Parameters<IssuerSubjects['remove']>[0],
    asking: Asking,
  ): Promise<void> {
    return this.#transactions.run('service', async (tx) => {
      const ended = await endIssuerSubject(tx, organization, user, id);
      if (ended === null) throw new DomainError('subject.unknown');
      const { issuer, ended_at: at } = ended;
      await this.#audit.append(tx, [
        deedEntry(
          {
            ...{ organization, at, action: 'user.subject_removed' },
            ...{ subject: { type: 'user', id: user }, detail: { subject: id, issuer } },
          },
          asking,
        ),
      ]);
    });
  }
}
