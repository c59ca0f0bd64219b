import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from 'node:crypto';
import type { Authenticate, Proof, SenderKeys } from './authenticate.js';

/** Both ways, as the specification's own libraries have it. */
const TOLERANCE_MS = 5 * 60_000;
/** Signing with an old and a new key takes two; each one costs us a verification. */
const MAX_SIGNATURES = 16;

/** No full stop: it separates the parts of what is signed. */
const ID = /^[\x21-\x2d\x2f-\x7e]{1,200}$/;
const SECONDS = /^\d{1,12}$/;
const SIGNATURE = /^(v1a?),([A-Za-z0-9+/]+={0,2})$/;

/** HMAC-SHA-256 of `<id>.<timestamp>.<body>` over the bytes as they came, one for each secret. */
const macsOf = (head: string, body: Uint8Array, { hmacKeys }: SenderKeys): readonly Buffer[] =>
  hmacKeys.map((key) => createHmac('sha256', key).update(head).update(body).digest());

/** The key comes from the connection, never from the request. */
function isSigned(signature: Buffer, message: Uint8Array, { publicKey }: SenderKeys): boolean {
  if (publicKey === null || signature.length !== 64) return false;
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: Buffer.from(publicKey).toString('base64url') };
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
      if (version === 'v1a') return isSigned(bytes, message, keys);
      return macs.some((mac) => mac.length === bytes.length && timingSafeEqual(mac, bytes));
    });
}

const FIELDS = ['webhook-id', 'webhook-timestamp', 'webhook-signature'] as const;

const unverified = (why: string): Proof => ({ kind: 'unproven', code: 'signal.unverified', why });

/**
 * A retry has the same id and the same bytes (§Idempotency). Other bytes under a used id are a sender's mistake, and
 * another statement: somebody who left must not stay because of it.
 */
const keyOf = (id: string, body: Uint8Array): string =>
  `${id}.${createHash('sha256').update(body).digest('base64url')}`;

/**
 * Standard Webhooks 1.0.0 §Verifying webhook authenticity: `v1` is HMAC-SHA-256 under a `whsec_` secret, `v1a` is
 * Ed25519 under a `whpk_` key, several signatures stand in one field.
 */
export const standardWebhooks: Authenticate = (arrival, keys) => {
  const fields = FIELDS.map((name) => arrival.header(name));
  const [[id] = [], [seconds] = [], [signatures] = []] = fields;
  if (id === undefined || seconds === undefined || signatures === undefined)
    return {
      kind: 'unproven',
      code: 'credential.missing',
      why: `${FIELDS.join(', ')} are required`,
    };
  if (fields.some((values) => values.length > 1)) return unverified('a webhook field stands twice');
  if (!ID.test(id))
    return unverified('webhook-id: printable ASCII without a full stop, at most 200');
  if (!SECONDS.test(seconds)) return unverified('webhook-timestamp: whole seconds');
  if (!isProven(signatures, `${id}.${seconds}.`, arrival.body, keys))
    return unverified('webhook-signature: none of them is right');
  const key = keyOf(id, arrival.body);
  const sentAt = new Date(Number(seconds) * 1000);
  const distanceMs = Math.abs(arrival.receivedAt.getTime() - sentAt.getTime());
  return distanceMs <= TOLERANCE_MS
    ? { kind: 'proven', id: key, sentAt }
    : { kind: 'stale', id: key };
};
