import { DomainError } from '../kernel/domain-error.js';
import { readId, type CaseId, type OrganizationId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import { Cases, type CaseName, type CasePage, type CaseQuery } from './cases.js';
import type { Case } from './domain/case.js';
import { getCase, getCases, listCases } from './postgres/find-cases.js';
import { openCase } from './postgres/open-case.js';

export class PostgresCases extends Cases {
  override open(tx: Tx, opened: Case): Promise<void> {
    return openCase(tx, opened);
  }

  override get(tx: Tx, organization: OrganizationId | null, id: CaseId): Promise<Case | null> {
    return getCase(tx, organization, id);
  }

  override these(tx: Tx, names: readonly CaseName[]): Promise<readonly Case[]> {
    return getCases(tx, names);
  }

  override async list(tx: Tx, query: CaseQuery): Promise<CasePage> {
    const before = query.cursor === undefined ? null : readId<CaseId>(query.cursor);
    if (query.cursor !== undefined && before === null)
      throw new DomainError('request.invalid_value', 'cursor: not one that this list gave');
    const found = await listCases(tx, query.organization, {
      user: query.user ?? null,
      before,
      limit: query.limit + 1,
    });
    const items = found.slice(0, query.limit);
    return { items, next: found.length > query.limit ? (items.at(-1)?.id ?? null) : null };
  }
}
