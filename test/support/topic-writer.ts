import { createHash } from 'node:crypto';
import { HEADER, type MessageType } from '../../src/contract/topics.js';
import { recordBytes, type RevocationRecord } from '../../src/contract/revocation-record.js';
import { signedHeaders } from '../../src/contract/signed-message.js';
import { watermarkBytes, type Watermark } from '../../src/contract/watermark.js';
import { newId } from '../../src/kernel/ids.js';
import { KeyRing } from '../../src/platform/crypto/key-ring.js';
import { generatePrivateJwks } from '../../src/platform/crypto/private-jwks.js';

export interface Written {
  readonly type: MessageType;
  readonly digest: string;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export interface WrittenWatermark extends Written {
  readonly watermark: Watermark;
}

export interface WrittenRecord extends Written {
  readonly record: RevocationRecord;
}

const digest = (value: Uint8Array): string =>
  createHash('sha256').update(value).digest('base64url');

const iso = (ms: number): string => new Date(ms).toISOString();

/** Says the same as the service would on one partition: records, and a chain of watermarks over them. */
export class TopicWriter {
  readonly installation: string;
  readonly topic: string;
  readonly partition: number;
  readonly partitions: number;
  readonly keys: KeyRing;
  epoch = 0;
  seq = -1;
  prev: string | null = null;

  constructor(
    options: Partial<
      Pick<TopicWriter, 'installation' | 'topic' | 'partition' | 'partitions' | 'keys'>
    > = {},
  ) {
    this.installation = options.installation ?? newId();
    this.topic = options.topic ?? 'offswitch.revocations.v1';
    this.partition = options.partition ?? 0;
    this.partitions = options.partitions ?? 1;
    this.keys = options.keys ?? new KeyRing(generatePrivateJwks());
  }

  record(fields: Partial<RevocationRecord> = {}): WrittenRecord {
    const isTimed = fields.scope === 'kid' || fields.scope === 'ext';
    const record: RevocationRecord = {
      v: 1,
      org: fields.scope === 'kid' ? '*' : newId(),
      scope: 'user',
      subject: newId(),
      generation: isTimed ? null : 1,
      not_before: isTimed ? 0 : null,
      cause: 'scim',
      case: newId(),
      revoked_at: iso(Date.now()),
      audit: digest(Buffer.from('the entry')),
      ...fields,
    };
    return { ...this.#signed('revocation', recordBytes(record)), record };
  }

  /** The next one of the chain. `fields` may break it on purpose. */
  watermark(
    tMs: number,
    covers: readonly Written[] = [],
    fields: Partial<Watermark> = {},
  ): WrittenWatermark {
    const watermark: Watermark = {
      v: 1,
      installation: this.installation,
      topic: this.topic,
      partition: this.partition,
      partitions: this.partitions,
      epoch: this.epoch,
      seq: this.seq + 1,
      prev: this.prev,
      t: iso(tMs),
      more: false,
      covers: covers.map((written) => written.digest),
      repair: [],
      kids: [],
      ...fields,
    };
    const written = this.#signed('watermark', watermarkBytes(watermark));
    this.seq = watermark.seq;
    this.prev = written.digest;
    return { ...written, watermark };
  }

  #signed(type: MessageType, bytes: Uint8Array): Written {
    const value = Buffer.from(bytes);
    return {
      type,
      digest: digest(value),
      value,
      headers: signedHeaders(type, value, this.keys.sign),
    };
  }
}

/** The message as a source hands it on. */
export const received = ({ headers, value }: Pick<Written, 'headers' | 'value'>) => ({
  type: headers[HEADER.type] ?? '',
  kid: headers[HEADER.kid] ?? '',
  signature: Buffer.from(headers[HEADER.signature] ?? '', 'base64url'),
  value,
  text: value.toString('utf8'),
});
