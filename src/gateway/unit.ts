import type { Lease, Policy } from '../contract/lease.js';
import type { Scope } from '../contract/revocation-record.js';
import type { Clock } from '../kernel/clock.js';
import type { ForeignTokens } from './foreign/foreign-tokens.js';
import type { IsSignedBy } from './crypto/public-keys.js';
import { createGuard, type Guard } from './guard.js';
import { InstallationFollower } from './installation-follower.js';
import type { Report } from './report.js';
import type { Transport } from './sources/source.js';
import type { TokenKeys } from './token/token-keys.js';

export interface UnitParts {
  readonly lease: Lease;
  readonly transport: Transport;
  readonly keys: TokenKeys;
  readonly foreign?: ForeignTokens | undefined;
  readonly policy: Policy;
  readonly clock: Clock;
  readonly report: Report;
  readonly onApplied: (digests: readonly string[]) => void;
  readonly onRevoked: (scope: Scope, subject: string) => void;
  /** By what Ed25519 signatures are verified: node:crypto by default. */
  readonly isSignedBy?: IsSignedBy;
}

/** Follower and guard under one set of terms. Other terms (another window, another installation) are another unit. */
export class Unit {
  readonly lease: Lease;
  readonly follower: InstallationFollower;
  readonly guard: Guard;
  readonly #stopping = new AbortController();
  readonly #following: Promise<void>;

  constructor(parts: UnitParts) {
    const { lease, transport, keys, foreign, policy, clock, report, onApplied, onRevoked } = parts;
    this.lease = lease;
    const told = { report, onApplied, onRevoked };
    this.follower = new InstallationFollower({
      lease,
      clock,
      ...told,
      isSignedBy: parts.isSignedBy,
    });
    this.guard = createGuard({
      view: this.follower.view,
      keys,
      foreign,
      policy,
      clock,
      isSignedBy: parts.isSignedBy,
      rules: {
        issuer: lease.issuer,
        audience: lease.audience,
        maxTtlS: lease.max_ttl_s,
        stalenessMs: lease.staleness_ms,
        skewMs: lease.max_clock_skew_ms,
      },
      onUseAfterRevoke: (use) => {
        report({ kind: 'token.used-after-revoke', use });
      },
    });
    const followed = this.follower.view.settings;
    this.#following = transport.follow(followed, this.follower, this.#stopping.signal);
  }

  get isLoaded(): boolean {
    return this.follower.freshness().state !== 'unloaded';
  }

  /** Whether a lease can be lived with as it is; its keys and its epoch may be new. */
  hasTermsOf(other: Lease): boolean {
    return termsOf(this.lease) === termsOf(other);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#following;
  }
}

const termsOf = (lease: Lease): string =>
  JSON.stringify([
    lease.installation,
    lease.partitions,
    lease.issuer,
    lease.audience,
    lease.staleness_ms,
    lease.max_clock_skew_ms,
    lease.max_ttl_s,
    lease.window_s,
    lease.kafka.topics.revocations,
  ]);
