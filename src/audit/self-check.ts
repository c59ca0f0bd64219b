import type { Tx } from '../kernel/tx.js';

/**
 * What is wrong with the log's defences. `hardening`: `migrate --privileged` has not been run. Everything else
 * should not be possible and means that somebody with more rights than the service changed something.
 */
type FindingKind =
  | 'hardening'
  | 'trigger'
  | 'grant'
  | 'member'
  | 'role'
  | 'function'
  | 'stranger'
  | 'partition'
  | 'setting'
  | 'check';

export interface Finding {
  readonly kind: FindingKind;
  /** One sentence that names the object. */
  readonly what: string;
}

export abstract class SelfCheck {
  /**
   * Looks at everything that keeps entries from being changed: triggers on every partition, event triggers,
   * grants, memberships, the bodies of the functions, the server's durability. A check that cannot run is a
   * finding, never a pass.
   *
   * @throws DomainError `store.unavailable`
   */
  abstract findings(tx: Tx): Promise<readonly Finding[]>;
}

export abstract class Partitions {
  /**
   * Makes the partitions of this month (UTC) and the three after it, and returns the names of new ones. Safe
   * for any number of callers at once. An entry whose month has none is kept in the default partition.
   */
  abstract ensure(tx: Tx): Promise<readonly string[]>;
}
