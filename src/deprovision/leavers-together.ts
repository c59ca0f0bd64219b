import { DomainError } from '../kernel/domain-error.js';
import { newId, type UserId } from '../kernel/ids.js';
import type { Tx } from '../kernel/tx.js';
import { Batches } from '../platform/batch/batches.js';
import type { Commits, Committed } from './commits.js';
import type { Origin, ResourceOutcome } from './domain/change.js';
import type { Press } from './domain/compose-writes.js';
import type { EditChange } from './domain/plan-edit.js';
import { planEdited } from './domain/plan-edited.js';
import { lockResources } from './postgres/lock-resources.js';
import { fitsWithOthers, writePlans, type PlannedFor } from './write-plan.js';

/**
 * Two transactions of one organization at a time leave the other connections to others, and while they run the next
 * ones gather. More than so many people in one would keep the process from everything else for too long.
 */
const RULES = { atOnce: 2, most: 32, patienceMs: 10_000 } as const;

/** query_canceled, lock_not_available (https://www.postgresql.org/docs/18/errcodes-appendix.html). */
const STOPPED = new Set(['57014', '55P03']);

/** Who holds more tokens makes everybody wait who goes along. */
const MOST_TOKENS = 50;

/** Why a set could not leave together: PostgreSQL stopped it, one of them is refused, or nobody has thought of it. */
export type SetFailed = (
  why: 'stopped' | 'refused' | 'unexpected',
  set: { readonly organization: string; readonly people: number; readonly error: unknown },
) => void;

/**
 * Lets people of one organization leave in one transaction when they leave at the same moment. Each has an answer of
 * their own, after the commit. Whoever does not fit in, or whose person is locked by somebody else, goes alone afterwards;
 * and if it fails for what one of them is, all go alone, and each hears of their own.
 */
export class LeaversTogether {
  readonly #commits: Commits;
  readonly #press: Press;
  readonly #alone: (change: EditChange) => Promise<ResourceOutcome>;
  readonly #failed: SetFailed;
  readonly #batches: Batches<EditChange, ResourceOutcome | null>;

  constructor(
    commits: Commits,
    { press, setFailed }: { readonly press: Press; readonly setFailed: SetFailed },
    alone: (change: EditChange) => Promise<ResourceOutcome>,
  ) {
    this.#commits = commits;
    this.#press = press;
    this.#alone = alone;
    this.#failed = setFailed;
    this.#batches = new Batches(RULES, (changes) => this.#carryOut(changes));
  }

  async change(change: EditChange): Promise<ResourceOutcome> {
    const outcome = await this.#batches.answer(change, change.origin.organization);
    return outcome ?? this.#alone(change);
  }

  async #carryOut(changes: readonly EditChange[]): Promise<readonly (ResourceOutcome | null)[]> {
    const [first] = changes;
    if (first === undefined) return [];
    try {
      return await this.#commits.run(first.origin, (tx) =>
        this.#together(tx, first.origin, changes),
      );
    } catch (error) {
      // Nothing may be concluded, for none of them: the IdP says it again.
      if (error instanceof DomainError && error.sort === 'unavailable' && !wasStopped(error))
        throw error;
      const { organization } = first.origin;
      this.#failed(whyOf(error), { organization, people: changes.length, error });
      return changes.map(() => null);
    }
  }

  async #together(
    tx: Tx,
    { organization }: Origin,
    changes: readonly EditChange[],
  ): Promise<Committed<readonly (ResourceOutcome | null)[]>> {
    const { at, found } = await lockResources(
      tx,
      organization,
      changes.map(({ origin, resource }) => ({ connection: origin.connection, resource })),
    );
    const { epoch } = this.#press;
    const met = new Set<UserId>();
    const planned: PlannedFor[] = [];
    const outcomes = changes.map((change, i): ResourceOutcome | null => {
      const before = found[i] ?? null;
      if (before === null) return { kind: 'unknown' };
      // The second word about somebody builds upon what the first has committed.
      if (before === 'busy' || met.has(before.person.user)) return null;
      if (before.person.tokens > MOST_TOKENS) return null;
      const around = { origin: change.origin, at, epoch, makeId: newId };
      const meant = planEdited(around, { ...before, at }, change);
      // New names need more than the locks that are held.
      if ('names' in meant || !fitsWithOthers(meant.plan)) return null;
      met.add(before.person.user);
      planned.push({ around, plan: meant.plan });
      return meant.outcome;
    });
    return {
      outcome: outcomes,
      records: writePlans(tx, this.#press, organization, { at, planned }),
    };
  }
}

/**
 * Whether PostgreSQL stopped a statement that took too long or waited too long for a lock: it has said so itself, and
 * committed nothing. One of them may have more rows than fit into the time, and the others must not wait for that.
 */
const wasStopped = ({ cause }: DomainError): boolean =>
  cause instanceof Error && 'code' in cause && STOPPED.has(String(cause.code));

const whyOf = (error: unknown): 'stopped' | 'refused' | 'unexpected' => {
  if (!(error instanceof DomainError)) return 'unexpected';
  return wasStopped(error) ? 'stopped' : 'refused';
};
