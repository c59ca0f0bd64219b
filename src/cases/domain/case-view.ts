import type { Case, CaseSubject } from './case.js';
import {
  caseState,
  processState,
  type CaseState,
  type Moment,
  type ProcessState,
} from './case-state.js';
import type { Enforcement } from './enforcement.js';

/** A case on the wire (design: commands and contract). Times are RFC 3339 UTC with milliseconds. */
export interface CaseView {
  readonly id: string;
  /** `*` when it belongs to the installation. */
  readonly org: string;
  readonly state: CaseState;
  readonly subject: CaseSubject | null;
  readonly user: string | null;
  readonly generation: number | null;
  readonly cause: {
    readonly kind: string;
    readonly connection: string | null;
    readonly signal: string | null;
    readonly actor: string | null;
    readonly reason: string | null;
  };
  readonly counts: { readonly devices: number; readonly tokens: number };
  readonly timeline: {
    readonly received_at: string;
    readonly revoked_at: string | null;
    readonly committed_at: string | null;
    readonly broker_acked_at: string | null;
    readonly first_enforced_at: string | null;
    readonly last_enforced_at: string | null;
  };
  readonly records: readonly {
    readonly digest: string;
    readonly partition: number;
    readonly offset: number | null;
  }[];
  readonly gateways: readonly {
    readonly id: string;
    readonly name: string;
    readonly state: ProcessState;
    readonly applied_at: string | null;
  }[];
}

const wire = (at: Date | null): string | null => at?.toISOString() ?? null;

const outermost = (pick: 'min' | 'max', times: readonly (Date | null)[]): Date | null => {
  const known = times.flatMap((at) => (at === null ? [] : [at.getTime()]));
  return known.length === 0 ? null : new Date(Math[pick](...known));
};

/** The last of the times, once every one of them is there. */
const lastOfAll = (times: readonly (Date | null)[]): Date | null =>
  times.includes(null) ? null : outermost('max', times);

/** A case with its timeline: what the database knows, joined with what broker and gateways have answered. */
export function caseView(subject: Case, enforcement: Enforcement, moment: Moment): CaseView {
  const { effect, cause } = subject;
  const acks = enforcement.records.map(({ ack }) => ack);
  const applied = enforcement.processes.map(({ appliedAt }) => appliedAt);
  return {
    id: subject.id,
    org: subject.organization ?? '*',
    state: caseState(subject, enforcement, moment),
    subject: effect?.subject ?? null,
    user: effect?.user ?? null,
    generation: effect?.generation ?? null,
    cause: {
      kind: cause.kind,
      connection: cause.connection,
      signal: cause.signal,
      actor: cause.actor,
      reason: cause.reason,
    },
    counts: effect?.counts ?? { devices: 0, tokens: 0 },
    timeline: {
      received_at: subject.receivedAt.toISOString(),
      revoked_at: wire(effect?.revokedAt ?? null),
      committed_at: wire(
        outermost(
          'max',
          acks.map((ack) => ack?.committedAt ?? null),
        ),
      ),
      broker_acked_at: wire(lastOfAll(acks.map((ack) => ack?.ackedAt ?? null))),
      first_enforced_at: wire(outermost('min', applied)),
      last_enforced_at: wire(lastOfAll(applied)),
    },
    records: enforcement.records.map(({ digest, partition, ack }) => ({
      digest,
      partition,
      offset: ack?.offset ?? null,
    })),
    gateways: enforcement.processes.map((boot) => ({
      id: boot.gateway,
      name: boot.name,
      state: processState(boot, subject, enforcement, moment),
      applied_at: wire(boot.appliedAt),
    })),
  };
}
