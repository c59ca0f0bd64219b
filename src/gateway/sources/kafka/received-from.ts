import type { KafkaMessage } from 'kafkajs';
import { HEADER } from '../../../contract/topics.js';
import type { Received } from '../../view/authenticate.js';

const NOTHING = Buffer.alloc(0);
const textOf = (header: unknown): string => (Buffer.isBuffer(header) ? header.toString() : '');

/** Key id and signature are read when somebody asks: a watermark vouches for almost every record. */
class ReceivedMessage implements Received {
  readonly type: string;
  readonly value: Uint8Array;
  readonly text: string;
  readonly #headers: NonNullable<KafkaMessage['headers']>;

  constructor({ value, headers = {} }: KafkaMessage) {
    const bytes = value ?? NOTHING;
    this.type = textOf(headers[HEADER.type]);
    this.value = bytes;
    this.text = bytes.toString('utf8');
    this.#headers = headers;
  }

  get kid(): string {
    return textOf(this.#headers[HEADER.kid]);
  }

  get signature(): Uint8Array {
    return Buffer.from(textOf(this.#headers[HEADER.signature]), 'base64url');
  }
}

export const receivedFrom = (message: KafkaMessage): Received => new ReceivedMessage(message);
