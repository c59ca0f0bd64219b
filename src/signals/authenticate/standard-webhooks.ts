import { createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import type { Arrival, Authenticate, SenderKeys } from './authenticate.js';

/** Both ways, as the specification's own libraries have it. */
const TOLERANCE_MS = 5 * 60_000;
/** Signing with an old and a new key takes two; each one costs us a verification. */
const MAX_SIGNATURES = 16;

/** No full stop: it separates the parts of what is signed. */
const ID = /^[\x21-\x2d\x2f-\x7e]{1,200}$/;
const SECONDS = /^\d{1,12}$/;
const SIGNATURE = /^(v1a?),([A-Za-z0-9+/]+={0,2})$/;

const withoutPrefix = (text: string, prefix: string): string =>
  text.startsWith(prefix) ? text.slice(prefix.length) : text;

/** HMAC-SHA-256 of `<id>.<timestamp>.<body>` over the bytes as they came, one for each secret. */
function macsOf(head: string, body: Uint8Array, { signingSecrets }: SenderKeys): readonly Buffer[] {
  return signingSecrets.map((secret) => {
    const key = Buffer.from(withoutPrefix(secret.reveal(), 'whsec_'), 'base64');
    return createHmac('sha256', key).update(head).update(body).digest();
  });
}

/** The key comes from the connection, never from the request. */
function isSigned(signature: Buffer, message: Uint8Array, publicKey: string): boolean {
  const raw = Buffer.from(withoutPrefix(publicKey, 'whpk_'), 'base64');
  if (raw.length !== 32 || signature.length !== 64) return false;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: raw.toString('base64url') };
  return verify(null, message, createPublicKey({ key: jwk, format: 'jwk' }), signature);
}

/** Any one good signature will do; versions that we do not know are passed over (§Webhook headers). */
function isProven(signatures: string, head: string, body: Uint8Array, keys: SenderKeys): boolean {
  const macs = macsOf(head, body, keys);
  const message = Buffer.concat([Buffer.from(head), body]);
  return signatures
    .split(' ')
    .slice(0, MAX_SIGNATURES)
    .some((one) => {
      const [, version, base64] = SIGNATURE.exec(one) ?? [];
      if (version === undefined || base64 === undefined) return false;
      const bytes = Buffer.from(base64, 'base64');
      if (version === 'v1a') return keys.publicKeys.some((key) => isSigned(bytes, message, key));
      return macs.some((mac) => mac.length === bytes.length && timingSafeEqual(mac, bytes));
    });
}

function readFields({ header }: Arrival): readonly [string, string, string] | null {
  const [id, seconds, signatures] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map(
    (name) => header(name)[0],
  );
  return id === undefined || seconds === undefined || signatures === undefined
    ? null
    : [id, seconds, signatures];
}

/**
 * Standard Webhooks 1.0.0 §Verifying webhook authenticity: `v1` is HMAC-SHA-256 under a `whsec_` secret, `v1a` is
 * Ed25519 under a `whpk_` key, several signatures stand in one field.
 */
export const standardWebhooks: Authenticate = (arrival, keys) => {
  const fields = readFields(arrival);
  if (fields === null) return { kind: 'unproven', why: 'header_missing' };
  const repeated = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].some(
    (name) => arrival.header(name).length > 1,
  );
  if (repeated) return { kind: 'unproven', why: 'header_repeated' };
  const [id, seconds, signatures] = fields;
  if (!ID.test(id) || !SECONDS.test(seconds)) return { kind: 'unproven', why: 'header_malformed' };
  if (!isProven(signatures, `${id}.${seconds}.`, arrival.body, keys))
    return { kind: 'unproven', why: 'signature_wrong' };
  const sentAt = new Date(Number(seconds) * 1000);
  const distanceMs = Math.abs(arrival.receivedAt.getTime() - sentAt.getTime());
  return distanceMs <= TOLERANCE_MS
    ? { kind: 'proven', id, sentAt }
    : { kind: 'stale', id, sentAt };
};
