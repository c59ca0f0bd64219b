import { randomBytes } from 'node:crypto';
import { newId, type Id } from '../kernel/ids.js';
import { Secret } from '../kernel/secret.js';
import type { OpaqueSecrets } from '../platform/crypto/opaque-secrets.js';
import type { Sealer } from '../platform/crypto/sealer.js';
import { CONNECTION_KINDS, type ConnectionKind } from './domain/connection-kinds.js';
import type { KeptSecret } from './postgres/insert-connection-secret.js';

/** Standard Webhooks asks for 24 to 64 random bytes. */
const SIGNING_BYTES = 32;
const PUBLIC_KEY = /^whpk_([A-Za-z0-9+/]{43}=)$/;

/** Sealed bytes open only where they were put. */
const placeOf = (id: string): string => `connection_secrets.sealed:${id}`;

/** Makes and reads the credentials of connections: digests of bearer secrets, ciphertext of signing secrets. */
export class ConnectionSecrets {
  readonly #opaque: OpaqueSecrets;
  readonly #sealer: Sealer;

  constructor(opaque: OpaqueSecrets, sealer: Sealer) {
    this.#opaque = opaque;
    this.#sealer = sealer;
  }

  /** A new secret of the form that the kind shows. */
  mint(kind: ConnectionKind): { readonly shown: Secret; readonly kept: KeptSecret } {
    const id = newId<Id<'connection-secret'>>();
    const { credential } = CONNECTION_KINDS[kind];
    switch (credential) {
      case 'bearer':
      case 'header': {
        const { text, digest } = this.#opaque.mint(credential === 'bearer' ? 'scim' : 'hook', id);
        return { shown: text, kept: { id, digest, sealed: null } };
      }
      case 'signature': {
        const bytes = randomBytes(SIGNING_BYTES);
        return {
          shown: new Secret(`whsec_${bytes.toString('base64')}`),
          kept: { id, digest: null, sealed: this.#sealer.seal(bytes, placeOf(id)) },
        };
      }
    }
  }

  /** @throws DomainError `service.failed` when it does not open */
  open(id: string, sealed: Uint8Array): Uint8Array {
    return this.#sealer.open(sealed, placeOf(id));
  }

  /** The id of the secret or token that is presented, and whether a digest is its own; null when it is none of ours. */
  read(
    type: 'scim' | 'scimat' | 'hook',
    text: string,
  ): { readonly id: string; readonly matches: (digest: Uint8Array) => boolean } | null {
    const parsed = this.#opaque.parse<'connection-secret'>(type, text);
    if (parsed === null) return null;
    return { id: parsed.id, matches: (digest) => this.#opaque.matches(digest, parsed) };
  }
}

/** The 32 bytes of `whpk_<base64>`; null when it is none. */
export function publicKeyBytes(text: string): Uint8Array | null {
  const [, base64] = PUBLIC_KEY.exec(text) ?? [];
  if (base64 === undefined) return null;
  const bytes = Buffer.from(base64, 'base64');
  return bytes.length === 32 && bytes.toString('base64') === base64 ? bytes : null;
}
