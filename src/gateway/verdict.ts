import type { AccessTokenClaims } from '../contract/access-token.js';

/** Why a token is refused. The caller sees the same answer for all of them; metrics and logs see the reason. */
export type Denial =
  | 'token.malformed'
  | 'token.header'
  | 'token.algorithm'
  | 'token.type'
  | 'token.issuer'
  | 'token.audience'
  | 'token.claims'
  | 'token.generations'
  | 'token.lifetime'
  | 'token.expired'
  | 'token.not_yet'
  | 'token.signature'
  | 'key.unknown'
  | 'key.revoked'
  | 'revoked.org'
  | 'revoked.user'
  | 'revoked.device'
  | 'revoked.family';

/** Why nothing can be said about a token. */
export type Doubt = 'key.unknown' | 'view.unloaded' | 'view.unusable' | 'view.stale';

export type Verdict =
  | {
      readonly kind: 'allow';
      readonly claims: AccessTokenClaims;
      /** True when the policy let an old view decide. */
      readonly isStale: boolean;
    }
  | { readonly kind: 'deny'; readonly reason: Denial }
  | { readonly kind: 'unsure'; readonly reason: Doubt };
