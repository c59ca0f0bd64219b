import type { Verify } from '../../contract/crypto-types.js';
import { MessageRefused, readReceipt } from '../../contract/read.js';
import type { Receipt } from '../../contract/receipt.js';
import { signedBytes } from '../../contract/signed-message.js';
import { HEADER, MAX_PARTITIONS } from '../../contract/topics.js';
import { readId } from '../../kernel/ids.js';

/** A receipt as it came off the topic: read, not yet proven. */
export interface ClaimedReceipt {
  readonly receipt: Receipt;
  readonly value: Uint8Array;
  readonly kid: string;
  readonly signature: Uint8Array;
}

/** Digests in one receipt: a window of leavers, not a way to fill the store. */
const MOST_APPLIED = 100_000;
const DIGEST = /^[A-Za-z0-9_-]{43}$/;

/**
 * Reads a message of the receipts topic.
 *
 * @param decode how base64url becomes bytes
 * @throws MessageRefused when it is not what it claims to be
 */
export function readSignedReceipt(
  message: {
    readonly key: string;
    readonly value: Uint8Array;
    readonly text: string;
    readonly headers: Readonly<Record<string, string>>;
  },
  decode: (text: string) => Uint8Array,
): ClaimedReceipt {
  const { headers, key, value, text } = message;
  if (headers[HEADER.type] !== 'receipt') throw new MessageRefused('ofs-type is not receipt');
  const receipt = readReceipt(text);
  if (readId(receipt.gateway) !== receipt.gateway) throw new MessageRefused('gateway is no id');
  if (readId(receipt.boot) !== receipt.boot) throw new MessageRefused('boot is no id');
  if (key !== receipt.gateway) throw new MessageRefused('the key is not the gateway');
  if (receipt.applied.length > MOST_APPLIED) throw new MessageRefused('too many digests');
  if (!receipt.applied.every((digest) => DIGEST.test(digest)))
    throw new MessageRefused('applied lists what is no digest');
  if (receipt.partitions.some(({ partition }) => partition >= MAX_PARTITIONS))
    throw new MessageRefused('a partition is none of ours');
  return {
    receipt,
    value,
    kid: headers[HEADER.kid] ?? '',
    signature: decode(headers[HEADER.signature] ?? ''),
  };
}

/** Whether the process that it names has signed it. */
export const isProven = (claimed: ClaimedReceipt, verify: Verify): boolean =>
  verify(claimed.kid, signedBytes('receipt', claimed.value), claimed.signature);
