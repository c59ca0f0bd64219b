import type { Verify } from '../../contract/crypto-types.js';
import { MessageRefused, NewerVersion, readRecord, readWatermark } from '../../contract/read.js';
import type { RevocationRecord } from '../../contract/revocation-record.js';
import { signedBytes } from '../../contract/signed-message.js';
import type { Watermark } from '../../contract/watermark.js';

/** A message as it lay on the topic. Nothing in it is believed yet. */
export interface Received {
  /** The `ofs-type` header; empty when it is missing. */
  readonly type: string;
  readonly kid: string;
  readonly signature: Uint8Array;
  readonly value: Uint8Array;
  /** `value` as UTF-8 text. */
  readonly text: string;
}

export type Authentic =
  | { readonly kind: 'revocation'; readonly digest: string; readonly record: RevocationRecord }
  | { readonly kind: 'watermark'; readonly digest: string; readonly watermark: Watermark };

export interface Proofs {
  readonly verify: Verify;
  /** base64url(SHA-256(value)) */
  readonly digest: (value: Uint8Array) => string;
}

interface Read {
  readonly message: Received;
  readonly content: Authentic;
}

/** Of a later version than ours, by its own word. */
interface Later {
  readonly message: Received;
  readonly version: number;
}

function read(message: Received, digest: Proofs['digest']): Read | Later | null {
  try {
    if (message.type === 'revocation') {
      const record = readRecord(message.text);
      return {
        message,
        content: { kind: 'revocation', digest: digest(message.value), record },
      };
    }
    if (message.type === 'watermark') {
      const watermark = readWatermark(message.text);
      return {
        message,
        content: { kind: 'watermark', digest: digest(message.value), watermark },
      };
    }
    return null;
  } catch (error) {
    if (error instanceof NewerVersion) return { message, version: error.version };
    if (error instanceof MessageRefused) return null;
    throw error;
  }
}

/** A record that nobody vouches for yet. */
export interface Waiting {
  readonly message: Omit<Received, 'text'>;
  readonly content: Extract<Authentic, { kind: 'revocation' }>;
  /** Rounds of watermarks that have ended behind it and do not list it. */
  readonly passedOver: number;
}

/** What is known about the messages before. */
export interface Before {
  /** Records that wait, in their order. */
  readonly waiting: readonly Waiting[];
  /** What is kept of a record that waits (on) for a watermark to come; null when it needs a signature now. */
  readonly letWait: (record: Waiting) => Waiting | null;
}

export interface Authenticated {
  readonly authentic: readonly Authentic[];
  readonly refused: number;
  /** Messages of a later version that our keys vouch for: what they say cannot be known. */
  readonly later: number;
  /** Records that may wait for the watermark that lists them. */
  readonly waiting: readonly Waiting[];
}

const NOTHING: Before = { waiting: [], letWait: () => null };

/**
 * Separates what our record keys vouch for from the rest. A signed watermark vouches for the digests of the
 * watermark before it and of the records that it covers, so a long batch costs one signature and a hash per
 * message; whatever no watermark of the batch vouches for needs a signature of its own, unless it may wait.
 */
export function authenticate(
  messages: readonly Received[],
  { verify, digest }: Proofs,
  { waiting: before, letWait }: Before = NOTHING,
): Authenticated {
  const signed = ({ type, kid, signature, value }: Waiting['message'], version = 1): boolean =>
    (type === 'revocation' || type === 'watermark') &&
    verify(kid, signedBytes(type, value, version), signature);
  const readings = messages.map((message) => read(message, digest));
  const vouchedFor = new Set<string>();
  for (let i = readings.length - 1; i >= 0; i -= 1) {
    const reading = readings[i];
    if (!isRead(reading) || reading.content.kind !== 'watermark') continue;
    const { digest: name, watermark } = reading.content;
    if (!vouchedFor.has(name) && !signed(reading.message)) continue;
    vouchedFor.add(name);
    if (watermark.prev !== null) vouchedFor.add(watermark.prev);
    for (const covered of watermark.covers) vouchedFor.add(covered);
  }
  const endsRound = (content: Authentic): boolean =>
    content.kind === 'watermark' && !content.watermark.more && vouchedFor.has(content.digest);
  let ahead = readings.filter((reading) => isRead(reading) && endsRound(reading.content)).length;
  const authentic: Authentic[] = [];
  const waiting: Waiting[] = [];
  let [later, refused] = [0, 0];
  for (const reading of before.length === 0 ? readings : [...before, ...readings]) {
    if (reading === null) refused += 1;
    else if (!isRead(reading)) {
      const { message, version } = reading;
      const isOurs = vouchedFor.has(digest(message.value)) || signed(message);
      if (isOurs || signed(message, version)) later += 1;
      else refused += 1;
    } else {
      const { content, message } = reading;
      if (vouchedFor.has(content.digest)) {
        authentic.push(content);
        if (endsRound(content)) ahead -= 1;
      } else if (content.kind === 'watermark') refused += 1;
      else {
        const passedOver = ahead + ('passedOver' in reading ? reading.passedOver : 0);
        const kept = letWait({ content, message, passedOver });
        if (kept !== null) waiting.push(kept);
        else if (signed(message)) authentic.push(content);
        else refused += 1;
      }
    }
  }
  return { authentic, refused, later, waiting };
}

const isRead = <T extends Read | Waiting>(reading: T | Later | null | undefined): reading is T =>
  reading != null && 'content' in reading;
