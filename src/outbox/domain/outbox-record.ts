import type { Hash } from '../../contract/crypto-types.js';
import { recordBytes, recordKey, type RevocationRecord } from '../../contract/revocation-record.js';
import { digestOf, partitionOf } from '../../contract/signed-message.js';
import type { CaseId, OrganizationId } from '../../kernel/ids.js';

/** A revocation record as the outbox keeps it: exactly the bytes that will be signed and sent. */
export interface OutboxRecord {
  /** base64url(SHA-256(value)): the record's name. */
  readonly digest: string;
  /** Null for a signing key of the installation. */
  readonly organization: OrganizationId | null;
  readonly case: CaseId;
  readonly key: string;
  readonly partition: number;
  readonly value: Uint8Array;
}

/** @param partitions the installation's count of partitions */
export function outboxRecord(
  record: RevocationRecord,
  partitions: number,
  hash: Hash,
): OutboxRecord {
  const value = recordBytes(record);
  const key = recordKey(record);
  return {
    digest: digestOf(value, hash),
    organization: record.org === '*' ? null : (record.org as OrganizationId),
    case: record.case as CaseId,
    key,
    partition: partitionOf(key, partitions, hash),
    value,
  };
}
