import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { readId, type Id } from '../../kernel/ids.js';
import { Secret } from '../../kernel/secret.js';
import { base62, fromBase62 } from './base62.js';

/** Which door a secret opens. The type stands in its text, so that secret scanners can name what they found. */
export type SecretType =
  'admin' | 'api' | 'scim' | 'scimat' | 'hook' | 'gateway' | 'bootstrap' | 'refresh';

/** A new secret: `text` is shown once, only `digest` is stored. */
export interface MintedSecret {
  readonly text: Secret;
  readonly digest: Uint8Array;
}

/** A secret that somebody presented: well formed, but not yet proven. */
export interface ParsedSecret<Name extends string> {
  readonly type: SecretType;
  readonly id: Id<Name>;
  /** The 256-bit secret, base62. */
  readonly secret: Secret;
}

const SECRET_BYTES = 32;
const SECRET_LETTERS = 43; // ceil(256 / log2(62))
const CRC_LETTERS = 6; // ceil(32 / log2(62))
const FORM = /^ofs_([a-z]+)_([0-9a-f]{32})_([0-9A-Za-z]{43})([0-9A-Za-z]{6})$/;

/** The checksum lets scanners and this door drop a made-up or mistyped secret without asking the database. */
function checksum(text: string): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32(text));
  return base62(bytes, CRC_LETTERS);
}

/**
 * Secrets of 256 random bits with an id and a typed prefix: `ofs_<type>_<id>_<secret><crc32>`. The store keeps
 * HMAC-SHA-256 under a pepper that is not in the database, so a stolen copy of it opens nothing and cannot be
 * tried offline.
 */
export class OpaqueSecrets {
  readonly #pepper: Uint8Array;

  /** @param pepper 32 bytes */
  constructor(pepper: Uint8Array) {
    if (pepper.length !== 32) throw new TypeError('the pepper is not 32 bytes');
    this.#pepper = Uint8Array.from(pepper);
  }

  /** A new random secret for the row `id`. */
  mint(type: SecretType, id: string): MintedSecret {
    return this.form(type, id, randomBytes(SECRET_BYTES));
  }

  /** The secret that consists of these 32 bytes: for secrets that are derived instead of drawn. */
  form(type: SecretType, id: string, bytes: Uint8Array): MintedSecret {
    if (bytes.length !== SECRET_BYTES) throw new TypeError('a secret is 32 bytes');
    const secret = base62(bytes, SECRET_LETTERS);
    const body = `ofs_${type}_${id.replaceAll('-', '')}_${secret}`;
    return {
      text: new Secret(`${body}${checksum(body)}`),
      digest: this.#digest(type, id, secret),
    };
  }

  /** Reads a presented text; null when it is not a well-formed secret of this type. Says nothing about its being right. */
  parse<Name extends string>(type: SecretType, text: unknown): ParsedSecret<Name> | null {
    if (typeof text !== 'string') return null;
    const [, found, hex = '', secret = '', crc] = FORM.exec(text) ?? [];
    if (found !== type || crc !== checksum(text.slice(0, -CRC_LETTERS))) return null;
    const id = readId<Id<Name>>(hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'));
    if (id === null || fromBase62(secret, SECRET_BYTES) === null) return null;
    return { type, id, secret: new Secret(secret) };
  }

  /** The 32 bytes of a presented secret, from which a successor can be derived. */
  bytesOf(parsed: ParsedSecret<string>): Uint8Array {
    const bytes = fromBase62(parsed.secret.reveal(), SECRET_BYTES);
    if (bytes === null) throw new TypeError('the secret was not parsed');
    return bytes;
  }

  /** Whether the presented secret is the one whose digest was stored, in constant time. */
  matches(digest: Uint8Array, parsed: ParsedSecret<string>): boolean {
    const own = this.#digest(parsed.type, parsed.id, parsed.secret.reveal());
    return own.length === digest.length && timingSafeEqual(own, digest);
  }

  // The type and the id are hashed too: a digest that is copied to another row opens nothing.
  #digest(type: SecretType, id: string, secret: string): Uint8Array {
    return createHmac('sha256', this.#pepper).update(`${type}\n${id}\n${secret}`).digest();
  }
}
