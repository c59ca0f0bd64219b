import type { AccessTokenClaims } from '../contract/access-token.js';
import type { RevokedBy } from '../contract/judge-claims.js';
import type { TokenDenial } from '../contract/read-claims.js';
import type { ForeignClaims } from '../contract/read-foreign-token.js';

/** Why a token is refused. The caller sees the same answer for all of them; metrics and logs see the reason. */
export type Denial =
  | TokenDenial
  | RevokedBy
  /** Somebody of a foreign issuer, or everybody of it. */
  | 'revoked.ext'
  | 'revoked.issuer'
  | 'token.expired'
  /** The service does not let it live; the view was too old to say why. */
  | 'token.inactive'
  | 'token.signature'
  | 'key.unknown'
  | 'key.revoked';

/** Why nothing can be said about a token. */
export type Doubt =
  | 'key.unknown'
  | 'view.unloaded'
  | 'view.unusable'
  | 'view.stale'
  /** No more streams can be watched. */
  | 'streams.full';

export interface Unsure {
  readonly kind: 'unsure';
  readonly reason: Doubt;
}

/** Whose token it is: one of ours, or one of a foreign issuer. */
export type Claims = AccessTokenClaims | ForeignClaims;

export type Verdict =
  | {
      readonly kind: 'allow';
      readonly claims: AccessTokenClaims;
      /** True when the policy let an old view decide. */
      readonly isStale: boolean;
    }
  /** A token of a foreign issuer; only from a gateway that was told to accept them. */
  | { readonly kind: 'allow-foreign'; readonly claims: ForeignClaims; readonly isStale: boolean }
  | { readonly kind: 'deny'; readonly reason: Denial }
  | Unsure;
