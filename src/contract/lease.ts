/** A public key as JWK (RFC 7517, RFC 8037): OKP, Ed25519. */
export interface PublicJwk {
  readonly kty: 'OKP';
  readonly crv: 'Ed25519';
  readonly x: string;
  readonly kid: string;
  readonly alg?: 'EdDSA';
  readonly use?: 'sig';
}

export interface Jwks {
  readonly keys: readonly PublicJwk[];
}

export const POLICIES = ['strict', 'balanced', 'best-effort'] as const;
export type Policy = (typeof POLICIES)[number];

/** What a gateway process sends to `PUT /v1/gateways/self/lease`, every S/3. */
export interface LeaseRequest {
  readonly boot: string;
  readonly version: string;
  readonly policy: Policy;
  /** The key that signs this process's receipts. */
  readonly public_key: PublicJwk;
}

/**
 * Whose tokens a gateway may accept beside ours. Registered for good: other terms are another registration, and what
 * was issued before it is refused.
 */
export interface ForeignIssuer {
  readonly id: string;
  readonly org: string;
  /** `iss`, exactly. */
  readonly issuer: string;
  /** One of `aud`. */
  readonly audience: string;
  /** Where its keys are; null when they stand in `jwks`. */
  readonly jwks_url: string | null;
  /** Read by `readForeignJwks` where they are used. */
  readonly jwks: unknown;
  /** Longest lifetime of its tokens, seconds: of those that live longer nobody would remember the revocation. */
  readonly max_ttl_s: number;
  /** Unix seconds: what was issued then or before is refused, whoever it names. */
  readonly not_before: number;
  /** Records name the person by `sub` in lower case. */
  readonly folds_sub: boolean;
  /** The least strict policy that the organization allows; null when it leaves that to the gateways. */
  readonly policy: Policy | null;
}

/** What it gets: everything that it needs to follow and to decide. */
export interface Lease {
  readonly id: string;
  readonly lease_until: string;
  readonly installation: string;
  readonly epoch: number;
  readonly partitions: number;
  readonly issuer: string;
  readonly audience: string;
  readonly jwks_url: string;
  readonly record_keys: Jwks;
  /** S: a strict gateway denies when its view is older. */
  readonly staleness_ms: number;
  readonly max_clock_skew_ms: number;
  /** Longest lifetime of an access token, seconds. */
  readonly max_ttl_s: number;
  /** Largest cap plus skew, seconds: older records can refuse no living token. */
  readonly window_s: number;
  /** Absent from a service that knows of none. */
  readonly foreign_issuers?: readonly ForeignIssuer[];
  readonly kafka: {
    readonly topics: {
      readonly revocations: string;
      readonly events: string;
      readonly receipts: string;
    };
  };
}
