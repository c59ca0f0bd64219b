import type { Case, Enforcement } from '../cases/index.js';
import type { CaseId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';

/** What broker and gateways have answered, for the timeline of cases. */
export abstract class Enforcements {
  /** One entry for each of the cases. */
  abstract of(tx: Tx, cases: readonly Case[]): Promise<ReadonlyMap<CaseId, Enforcement>>;
}
