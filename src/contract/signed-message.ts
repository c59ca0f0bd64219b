import { base64url, utf8 } from './bytes.js';
import type { Hash, Sign } from './crypto-types.js';
import type { MessageType } from './topics.js';

/** What may be signed: the messages of the topics, and the parts of the feed over HTTP. */
export type SignedType = MessageType | 'event' | 'snapshot';

/**
 * What is signed: `"offswitch:" + type + ":v1\n" + value`, so that one kind never passes for another.
 * A later version of the format puts its own number there.
 */
export function signedBytes(type: SignedType, value: Uint8Array, version = 1): Uint8Array {
  const prefix = utf8(`offswitch:${type}:v${version}\n`);
  const bytes = new Uint8Array(prefix.length + value.length);
  bytes.set(prefix, 0);
  bytes.set(value, prefix.length);
  return bytes;
}

/** The headers of a message: `ofs-type`, `ofs-kid`, and `ofs-sig` = base64url(Ed25519 over {@link signedBytes}). */
export function signedHeaders(
  type: SignedType,
  value: Uint8Array,
  sign: Sign,
): Readonly<Record<string, string>> {
  const { kid, signature } = sign(signedBytes(type, value));
  return { 'ofs-type': type, 'ofs-kid': kid, 'ofs-sig': base64url(signature) };
}

/** How records and watermarks are named: base64url(SHA-256(value)). */
export const digestOf = (value: Uint8Array, hash: Hash): string => base64url(hash(value));

/** The partition of a key: the first four bytes of SHA-256(key), big-endian, modulo the count of partitions. */
export function partitionOf(key: string, partitions: number, hash: Hash): number {
  const [a = 0, b = 0, c = 0, d = 0] = hash(utf8(key));
  return (((a << 24) | (b << 16) | (c << 8) | d) >>> 0) % partitions;
}
