import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { DomainError } from '../../kernel/domain-error.js';
import { newId, type Id } from '../../kernel/ids.js';
import { refusalOf } from './refusal.js';

const ERRORS: Readonly<Record<string, DomainError>> = {
  HPE_HEADER_OVERFLOW: new DomainError('request.head_too_large', 'the header fields are too large'),
  ERR_HTTP_REQUEST_TIMEOUT: new DomainError(
    'request.timed_out',
    'the request did not arrive whole',
  ),
};
const NO_HTTP = new DomainError('request.malformed', 'this is no HTTP/1.1 request');

/** Bytes that are no request: there is no path yet, so the answer is a problem document for everybody. */
export function answerRaw(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const refusal = refusalOf(ERRORS[error.code ?? ''] ?? NO_HTTP);
  const body = JSON.stringify({
    type: `urn:offswitch:problem:${refusal.code}`,
    title: refusal.title,
    status: refusal.status,
    detail: refusal.detail,
    code: refusal.code,
    request_id: newId<Id<'request'>>(),
  });
  socket.end(
    `HTTP/1.1 ${refusal.status} ${STATUS_CODES[refusal.status] ?? ''}\r\n` +
      `Content-Type: application/problem+json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `Cache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
  );
}
