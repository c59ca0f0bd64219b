import type { AccessTokenClaims } from '../contract/access-token.js';
import { newId, type OrganizationId } from '../kernel/ids.js';
import type { Secret } from '../kernel/secret.js';
import { accessClaims, type Issuer } from './domain/access-claims.js';
import type { Family } from './domain/family.js';
import { signAccessToken, type AccessTokenKey } from './sign-access-token.js';

/** What a device gets for its bootstrap token or its refresh secret. */
export interface DeviceTokenAnswer {
  /** The access token, compact JWS. */
  readonly accessToken: string;
  readonly refreshToken: Secret;
  readonly claims: AccessTokenClaims;
  readonly organization: OrganizationId;
  readonly deviceIdentifier: string;
}

/** Mints access tokens from device tokens. */
export class AccessMinter {
  readonly #issuer: Issuer;
  readonly #key: AccessTokenKey;

  constructor(issuer: Issuer, key: AccessTokenKey) {
    this.#issuer = issuer;
    this.#key = key;
  }

  /** What the token will say; nothing is signed yet. */
  claims(family: Family): AccessTokenClaims {
    return accessClaims(family, this.#issuer, newId());
  }

  /** Signs, once that from which it is minted has been committed. */
  answer(family: Family, claims: AccessTokenClaims, refreshToken: Secret): DeviceTokenAnswer {
    return {
      accessToken: signAccessToken(claims, this.#key),
      refreshToken,
      claims,
      organization: family.organization,
      deviceIdentifier: family.deviceIdentifier,
    };
  }
}
