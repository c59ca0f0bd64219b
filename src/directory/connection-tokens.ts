import type { JWK } from 'jose';
import type { Secret } from '../kernel/secret.js';
import type { Asking } from './asking.js';
import type { ConnectionName } from './connections.js';

/** How a client says who it is (RFC 6749 §2.3.1; RFC 7523 §2.2). */
export type ClientProof =
  | { readonly kind: 'secret'; readonly client: string; readonly secret: string }
  | { readonly kind: 'assertion'; readonly client: string | null; readonly assertion: string };

export interface IssuedToken {
  readonly token: Secret;
  readonly expiresInS: number;
}

export interface ClientKey {
  /** RFC 7638, SHA-256. */
  readonly thumbprint: string;
  readonly createdAt: Date;
}

/** Tokens of SCIM clients, good for a few minutes, and the keys with which a client can ask for them. */
export abstract class ConnectionTokens {
  /**
   * @param from where the request came from; whoever fails too often is told so late
   * @param audiences one of which an assertion must be meant for
   * @throws DomainError `credential.client_invalid`, `request.throttled`, `store.unavailable`
   */
  abstract issue(
    proof: ClientProof,
    at: {
      readonly from: string;
      readonly requestId: string;
      readonly audiences: readonly string[];
    },
  ): Promise<IssuedToken>;

  /**
   * These keys from now on, and no others: a token that was issued for another one opens nothing any more.
   *
   * @throws DomainError `connection.unknown`; `request.invalid_value` when one of them is no public key that is strong
   *   enough, or when it is no SCIM connection
   */
  abstract setKeys(
    name: ConnectionName,
    keys: readonly JWK[],
    asking: Asking,
  ): Promise<readonly ClientKey[]>;
}
