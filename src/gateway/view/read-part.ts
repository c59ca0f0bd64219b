import { utf8 } from '../../contract/bytes.js';
import type { Hash, Verify } from '../../contract/crypto-types.js';
import { MessageRefused, NewerVersion, readRecord, readSnapshotPart } from '../../contract/read.js';
import { digestOf, signedBytes } from '../../contract/signed-message.js';
import { digestOfRecords, type SnapshotPart } from '../../contract/snapshot.js';
import type { Authentic, Received } from './authenticate.js';

export interface ReadPart {
  readonly part: SnapshotPart;
  readonly digest: string;
  readonly records: readonly Extract<Authentic, { kind: 'revocation' }>[];
}

/** What came over the wire, and whose it must be. */
export interface ClaimedPart {
  readonly records: readonly string[];
  readonly message: Received;
  readonly ours: { readonly installation: string; readonly topic: string };
}

/** All or nothing: a part whose records are not exactly those that it vouches for says nothing. */
export function readPart(
  { records, message, ours }: ClaimedPart,
  { verify, hash }: { readonly verify: Verify; readonly hash: Hash },
): ReadPart | { readonly refused: string } {
  const { type, kid, value, signature, text } = message;
  const isSigned = (version = 1): boolean =>
    type === 'snapshot' && verify(kid, signedBytes('snapshot', value, version), signature);
  try {
    if (!isSigned())
      return { refused: isSigned(laterVersionOf(text) ?? 1) ? 'newer' : 'signature' };
    const part = readSnapshotPart(text);
    if (part.installation !== ours.installation || part.topic !== ours.topic)
      return { refused: 'foreign' };
    const digests = records.map((record) => digestOf(utf8(record), hash));
    if (part.count !== digests.length || part.records !== digestOfRecords(digests, hash))
      return { refused: 'records' };
    return {
      part,
      digest: digestOf(value, hash),
      records: records.map((record, i) => ({
        kind: 'revocation',
        digest: digests[i] ?? '',
        record: readRecord(record),
      })),
    };
  } catch (error) {
    if (error instanceof NewerVersion) return { refused: 'newer' };
    if (error instanceof MessageRefused || error instanceof TypeError)
      return { refused: 'unreadable' };
    throw error;
  }
}

function laterVersionOf(text: string): number | null {
  try {
    readSnapshotPart(text);
  } catch (error) {
    if (error instanceof NewerVersion) return error.version;
  }
  return null;
}
