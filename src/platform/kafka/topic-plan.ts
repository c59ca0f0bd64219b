/** A topic as it must be. */
export interface TopicPlan {
  readonly name: string;
  /** At least; we choose the partition of a message ourselves. */
  readonly partitions: number;
  /** Settings that must be exactly so. */
  readonly exactly: Readonly<Record<string, string>>;
  /** Settings that may be larger; `-1` is unlimited. */
  readonly atLeast: Readonly<Record<string, number>>;
}

/** Copies of every message, and how many of them must be in sync for a write to succeed. */
export interface Replication {
  readonly factor: number;
  readonly minInSync: number;
}

/** Three copies, two of them in sync, wherever the cluster is large enough for it. */
export const replicationOn = (brokers: number): Replication =>
  brokers >= 3 ? { factor: 3, minInSync: 2 } : { factor: 1, minInSync: 1 };

/** A topic as the cluster describes it. */
export interface TopicFound {
  readonly partitions: number;
  /** Copies of the partition that has the fewest. */
  readonly replicas: number;
  readonly settings: Readonly<Record<string, string>>;
}

/** What is wrong with a topic, each as one sentence for an operator. */
export function troubleOf(
  plan: TopicPlan,
  found: TopicFound,
  replication: Replication,
): readonly string[] {
  const trouble: string[] = [];
  const demand = (holds: boolean, sentence: string): void => {
    if (!holds) trouble.push(`${plan.name}: ${sentence}`);
  };
  demand(
    found.partitions >= plan.partitions,
    `has ${found.partitions} partitions, needs ${plan.partitions}`,
  );
  demand(
    found.replicas >= replication.factor,
    `has ${found.replicas} replicas, needs ${replication.factor}`,
  );
  const minInSync = Number(found.settings['min.insync.replicas'] ?? 0);
  demand(
    minInSync >= replication.minInSync,
    `min.insync.replicas is ${minInSync}, needs ${replication.minInSync}`,
  );
  for (const [name, value] of Object.entries(plan.exactly)) {
    const is = found.settings[name] ?? 'unknown';
    demand(is === value, `${name} is ${is}, must be ${value}`);
  }
  for (const [name, least] of Object.entries(plan.atLeast)) {
    const is = Number(found.settings[name] ?? 0);
    demand(is === -1 || is >= least, `${name} is ${is}, must be at least ${least}`);
  }
  return trouble;
}
