import {
  caseView,
  type Case,
  type CaseName,
  type Cases,
  type CaseState,
  type CaseView,
} from '../cases/index.js';
import type { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import type { CaseId, OrganizationId, UserId } from '../kernel/ids.js';
import type { Transactions, Tx } from '../kernel/tx.js';
import type { Enforcements } from '../outbox/index.js';

export interface CasesAsked {
  readonly organization: OrganizationId;
  readonly user: UserId | null;
  readonly state: CaseState | null;
  readonly cursor: string | null;
  readonly limit: number;
}

/** Cases joined with what broker and gateways have answered by now. */
export class CaseViews {
  readonly #transactions: Transactions;
  readonly #cases: Cases;
  readonly #enforcements: Enforcements;
  readonly #clock: Clock;
  readonly #stalenessMs: number;

  constructor(parts: {
    readonly transactions: Transactions;
    readonly cases: Cases;
    readonly enforcements: Enforcements;
    readonly clock: Clock;
    /** S, milliseconds. */
    readonly stalenessMs: number;
  }) {
    this.#transactions = parts.transactions;
    this.#cases = parts.cases;
    this.#enforcements = parts.enforcements;
    this.#clock = parts.clock;
    this.#stalenessMs = parts.stalenessMs;
  }

  /**
   * @param organization null: of the installation itself
   * @throws DomainError `case.unknown`
   */
  get(organization: OrganizationId | null, id: CaseId): Promise<CaseView> {
    return this.#transactions.read('service', async (tx) => {
      const found = await this.#cases.get(tx, organization, id);
      const [view] = found === null ? [] : await this.#views(tx, [found]);
      if (view === undefined) throw new DomainError('case.unknown');
      return view;
    });
  }

  /** Those of the named cases that there are, read together. */
  these(names: readonly CaseName[]): Promise<readonly CaseView[]> {
    return this.#transactions.read('service', async (tx) =>
      this.#views(tx, await this.#cases.these(tx, names)),
    );
  }

  /** @throws DomainError `request.invalid_value` for a cursor that is none of ours */
  list(
    asked: CasesAsked,
  ): Promise<{ readonly items: readonly CaseView[]; readonly next: string | null }> {
    const { organization, user, state, cursor, limit } = asked;
    return this.#transactions.read('service', async (tx) => {
      const page = await this.#cases.list(tx, {
        organization,
        limit,
        ...(user === null ? {} : { user }),
        ...(cursor === null ? {} : { cursor }),
      });
      const views = await this.#views(tx, page.items);
      return {
        items: views.filter((view) => state === null || view.state === state),
        next: page.next,
      };
    });
  }

  async #views(tx: Tx, cases: readonly Case[]): Promise<CaseView[]> {
    const enforcements = await this.#enforcements.of(tx, cases);
    const moment = { now: this.#clock.now(), stalenessMs: this.#stalenessMs };
    return cases.map((one) =>
      caseView(one, enforcements.get(one.id) ?? { records: [], processes: [] }, moment),
    );
  }
}
