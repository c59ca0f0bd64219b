import type { AccessTokenClaims } from '../contract/access-token.js';
import type { RevokedBy } from '../contract/judge-claims.js';
import type { TokenDenial } from '../contract/read-claims.js';

/** Why a token is refused. The caller sees the same answer for all of them; metrics and logs see the reason. */
export type Denial =
  | TokenDenial
  | RevokedBy
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

export type Verdict =
  | {
      readonly kind: 'allow';
      readonly claims: AccessTokenClaims;
      /** True when the policy let an old view decide. */
      readonly isStale: boolean;
    }
  | { readonly kind: 'deny'; readonly reason: Denial }
  | Unsure;
