import type { Policy } from '../../contract/lease.js';
import type { Case } from './case.js';
import type { Enforcement, ProcessProgress } from './enforcement.js';

/**
 * `enforced`: every process that counts has applied it, whichever way it came to them; `open`: otherwise, no broker ack
 * yet, subject unresolved, or answers missing and the bound not passed; `bounded`: those that have not applied it must
 * by now be denying; `unconfirmed`: a best-effort process, which nothing bounds, has said nothing.
 */
export const CASE_STATES = ['open', 'enforced', 'bounded', 'unconfirmed'] as const;
export type CaseState = (typeof CASE_STATES)[number];

export type ProcessState = 'applied' | 'pending' | 'stale';

/** When it is asked, and S in milliseconds. */
export interface Moment {
  readonly now: Date;
  readonly stalenessMs: number;
}

const BOUND_IN_S: Readonly<Record<Policy, number>> = {
  strict: 1,
  balanced: 3,
  // Nothing bounds it; this is how long its silence is waited for.
  'best-effort': 3,
};

/**
 * When the revocation had been committed at the latest: what gateways' bounds are counted from. A broker's ack
 * comes after the commit, so it stands in where a crash swallowed the commit's own time.
 */
function committedBy(enforcement: Enforcement): Date | null {
  const times = enforcement.records.flatMap(({ ack }) =>
    ack === null ? [] : [(ack.committedAt ?? ack.ackedAt).getTime()],
  );
  return times.length === 0 ? null : new Date(Math.max(...times));
}

const isPublished = ({ records }: Enforcement): boolean =>
  records.every((record) => record.ack !== null || record.covered);

/** What one process is doing about a case. `stale`: it has not answered, and its policy's time is up. */
export function processState(
  boot: ProcessProgress,
  { effect }: Case,
  enforcement: Enforcement,
  moment: Moment,
): ProcessState {
  if (boot.appliedAt !== null) return 'applied';
  const committed =
    committedBy(enforcement) ?? (isPublished(enforcement) ? effect?.revokedAt : null);
  if (committed === null || committed === undefined) return 'pending';
  const boundMs = BOUND_IN_S[boot.policy] * moment.stalenessMs;
  return moment.now.getTime() - committed.getTime() > boundMs ? 'stale' : 'pending';
}

export function caseState(subject: Case, enforcement: Enforcement, moment: Moment): CaseState {
  if (subject.effect === null) return 'open';
  const { processes } = enforcement;
  // Gateways that follow over HTTP need no broker: what they have all applied is done, whatever has become of Kafka.
  const isApplied = processes.every(({ appliedAt }) => appliedAt !== null);
  if (isApplied && processes.length > 0) return 'enforced';
  if (!isPublished(enforcement)) return 'open';
  const states = processes.map((boot) => processState(boot, subject, enforcement, moment));
  if (states.includes('pending')) return 'open';
  const isUnbounded = processes.some(
    ({ policy, appliedAt }) => policy === 'best-effort' && appliedAt === null,
  );
  return isUnbounded ? 'unconfirmed' : 'bounded';
}
