import { canonicalBytes } from './bytes.js';

/** Scopes that carry generations. */
export const GENERATION_SCOPES = ['org', 'user', 'device', 'family'] as const;
export type GenerationScope = (typeof GENERATION_SCOPES)[number];
export type Scope = GenerationScope | 'kid' | 'ext';

export const CAUSE_KINDS = ['scim', 'signal', 'group', 'admin', 'incident'] as const;
export type CauseKind = (typeof CAUSE_KINDS)[number];

/**
 * One subject's revocation, the value of a message on the revocations topic. Ids only, under 600 bytes.
 * `generation` is null for `kid` and `ext`; `not_before` (unix seconds) is null for the other scopes.
 */
export interface RevocationRecord {
  readonly v: 1;
  /** The organization, or `*` for a signing key of the installation. */
  readonly org: string;
  readonly scope: Scope;
  /** A UUID; the key id for `kid`; base64url(SHA-256(iss "\n" sub)) for `ext`. */
  readonly subject: string;
  readonly generation: number | null;
  readonly not_before: number | null;
  readonly cause: CauseKind;
  readonly case: string;
  /** RFC 3339 UTC with milliseconds: the primary's clock after the locks were held. */
  readonly revoked_at: string;
  /** Digest of the audit entry of this revocation: base64url(SHA-256(its stored bytes)). */
  readonly audit: string;
}

/** The bytes that are stored, hashed, signed and sent: RFC 8785. */
export const recordBytes = (record: RevocationRecord): Uint8Array => canonicalBytes(record);

/** The Kafka key: `org/scope/subject`. */
export const recordKey = (record: Pick<RevocationRecord, 'org' | 'scope' | 'subject'>): string =>
  `${record.org}/${record.scope}/${record.subject}`;
