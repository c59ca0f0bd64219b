import type { AccessTokenClaims } from '../contract/access-token.js';
import { DomainError } from '../kernel/domain-error.js';
import { newId, type OrganizationId } from '../kernel/ids.js';
import type { Secret } from '../kernel/secret.js';
import type { SigningKey, TokenKeys } from '../platform/crypto/key-ring.js';
import type { Log } from '../platform/log/log.js';
import { accessClaims, type Issuer } from './domain/access-claims.js';
import type { Family } from './domain/family.js';
import { signAccessToken } from './sign-access-token.js';

/** What a device gets for its bootstrap token or its refresh secret. */
export interface DeviceTokenAnswer {
  /** The access token, compact JWS. */
  readonly accessToken: string;
  readonly refreshToken: Secret;
  readonly claims: AccessTokenClaims;
  readonly organization: OrganizationId;
  readonly deviceIdentifier: string;
}

/** An access token that is yet to be signed, and the key that will. */
export interface Minting {
  readonly claims: AccessTokenClaims;
  readonly key: SigningKey;
}

/** Mints access tokens from device tokens. */
export class AccessMinter {
  readonly #issuer: Issuer;
  readonly #keys: TokenKeys;
  readonly #log: Log;

  constructor(parts: { readonly issuer: Issuer; readonly keys: TokenKeys; readonly log: Log }) {
    this.#issuer = parts.issuer;
    this.#keys = parts.keys;
    this.#log = parts.log;
  }

  /**
   * What the token will say, and the key that signs it; nothing is signed yet. Asked before the commit: while we have
   * no key, a device keeps the secret that it showed.
   *
   * @throws DomainError `token.no_signing_key`
   */
  prepare(family: Family): Minting {
    const key = this.#keys.signingKeyExcept(family.revokedKids);
    if (key === null) {
      this.#log.alarm('token_keys_revoked', 'no access token can be signed');
      throw new DomainError('token.no_signing_key', 'no key is left that signs access tokens');
    }
    return { claims: accessClaims(family, this.#issuer, newId()), key };
  }

  /** Signs, once that from which it is minted has been committed. */
  answer(family: Family, { claims, key }: Minting, refreshToken: Secret): DeviceTokenAnswer {
    return {
      accessToken: signAccessToken(claims, key),
      refreshToken,
      claims,
      organization: family.organization,
      deviceIdentifier: family.deviceIdentifier,
    };
  }
}
