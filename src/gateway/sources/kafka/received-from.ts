import type { KafkaMessage } from 'kafkajs';
import { HEADER } from '../../../contract/topics.js';
import type { Received } from '../../view/authenticate.js';

const textOf = (header: unknown): string => (Buffer.isBuffer(header) ? header.toString() : '');

export function receivedFrom({ value, headers = {} }: KafkaMessage): Received {
  const bytes = value ?? Buffer.alloc(0);
  return {
    type: textOf(headers[HEADER.type]),
    kid: textOf(headers[HEADER.kid]),
    signature: Buffer.from(textOf(headers[HEADER.signature]), 'base64url'),
    value: bytes,
    text: bytes.toString('utf8'),
  };
}
