import type { CaseId, OrganizationId, UserId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import type { Case } from './domain/case.js';

/** One case; the organization is null for one of the installation itself. */
export interface CaseName {
  readonly organization: OrganizationId | null;
  readonly id: CaseId;
}

/** Which cases, newest first. */
export interface CaseQuery {
  readonly organization: OrganizationId;
  readonly user?: UserId;
  /** `next` of the page before. */
  readonly cursor?: string;
  readonly limit: number;
}

export interface CasePage {
  readonly items: readonly Case[];
  /** Opaque; null on the last page. */
  readonly next: string | null;
}

/** Every revocation there was. A case is never removed; its effect is set once, by the heart. */
export abstract class Cases {
  /** Opens a case; without effect when its person is not known yet. It exists if `tx` commits. */
  abstract open(tx: Tx, subject: Case): Promise<void>;

  /** One case of this organization (null: of the installation itself); null when it has none of this id. */
  abstract get(tx: Tx, organization: OrganizationId | null, id: CaseId): Promise<Case | null>;

  /** Those of the named cases that there are, each in the organization that its asker may see. */
  abstract these(tx: Tx, names: readonly CaseName[]): Promise<readonly Case[]>;

  /** @throws DomainError `request.invalid_value` when the cursor is none of ours */
  abstract list(tx: Tx, query: CaseQuery): Promise<CasePage>;
}
