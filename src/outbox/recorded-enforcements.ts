import type { Case, Enforcement } from '../cases/index.js';
import type { CaseId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import { Enforcements } from './enforcements.js';
import { findProcessesOfCases, findRecordsOfCases } from './postgres/find-enforcement.js';

export class RecordedEnforcements extends Enforcements {
  readonly #sinceMs: number;

  constructor(stalenessMs: number) {
    super();
    this.#sinceMs = 3 * stalenessMs;
  }

  override async of(tx: Tx, cases: readonly Case[]): Promise<ReadonlyMap<CaseId, Enforcement>> {
    const known = cases.flatMap(({ id, effect }) =>
      effect === null ? [] : [{ id, revokedAt: effect.revokedAt }],
    );
    const ids = known.map(({ id }) => id);
    const records = ids.length === 0 ? [] : await findRecordsOfCases(tx, ids);
    const processes = ids.length === 0 ? [] : await findProcessesOfCases(tx, known, this.#sinceMs);
    return new Map(
      cases.map(({ id }) => [
        id,
        {
          records: records.filter((record) => record.case === id),
          processes: processes.filter((one) => one.case === id),
        },
      ]),
    );
  }
}
