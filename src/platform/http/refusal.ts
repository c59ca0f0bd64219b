import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { DomainError, type ErrorCode, type ErrorSort } from '../../kernel/domain-error.js';

/** A no, as HTTP says it. */
export interface Refusal {
  readonly status: number;
  readonly code: ErrorCode;
  /** The status in words. */
  readonly title: string;
  /** Names fields, rules and limits; never a value that the client sent. */
  readonly detail: string;
  /** What the status obliges us to say: Retry-After, WWW-Authenticate, Allow. */
  readonly headers: Readonly<Record<string, string>>;
}

/** How long a client waits before it asks again, seconds: PostgreSQL's own restart takes about as long. */
const RETRY_AFTER_S = 5;

const STATUS = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  unknown: 404,
  not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media: 415,
  too_many: 429,
  unavailable: 503,
} as const satisfies Record<ErrorSort, number>;

/** Where HTTP knows better than the sort. A fault of ours is a 500: nothing says that waiting will help. */
const STATUS_OF_CODE: Partial<Record<ErrorCode, number>> = {
  'request.path_too_long': 414,
  'request.head_too_large': 431,
  'request.timed_out': 408,
  'scim.version_lost': 412,
  'service.failed': 500,
};

/** Fastify's own errors (fastify/lib/errors.js) that a client can cause. */
const FASTIFY: ReadonlyMap<string, DomainError> = new Map(
  Object.entries({
    FST_ERR_BAD_URL: new DomainError(
      'request.malformed',
      'the path is not validly percent-encoded',
    ),
    FST_ERR_MAX_PARAM_LENGTH: new DomainError(
      'request.path_too_long',
      'a path segment is too long',
    ),
    FST_ERR_CTP_BODY_TOO_LARGE: new DomainError('request.too_large', 'the body is too large'),
    FST_ERR_CTP_INVALID_MEDIA_TYPE: new DomainError(
      'request.media_type',
      'the content type is not supported here',
    ),
    FST_ERR_CTP_INVALID_CONTENT_LENGTH: new DomainError(
      'request.malformed',
      'the body is not as long as Content-Length says',
    ),
  }),
);

/** What else carries a status: NestJS's exceptions, a request stream that broke off. */
const CODE_OF_STATUS: Readonly<Record<number, ErrorCode>> = {
  400: 'request.malformed',
  401: 'credential.invalid',
  403: 'credential.role_missing',
  404: 'request.path_unknown',
  405: 'request.method_not_allowed',
  413: 'request.too_large',
  414: 'request.path_too_long',
  415: 'request.media_type',
};

/** Any error as a refusal. What nobody foresaw is our own trouble: a 5xx that says nothing of its inside. */
export function refusalOf(error: unknown): Refusal {
  const known = asDomainError(error);
  const status = STATUS_OF_CODE[known.code] ?? STATUS[known.sort];
  return {
    status,
    code: known.code,
    title: STATUS_CODES[status] ?? 'Error',
    detail: known.detail,
    headers: headersOf(status, known.code),
  };
}

function asDomainError(error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  return (error instanceof Error ? foreign(error) : null) ?? FAILED;
}

const FAILED = new DomainError('service.failed', 'something went wrong on our side');

/**
 * NestJS's and Fastify's own errors. A status that some other library's error carries means nothing here: it was
 * not said about our request, and a 4xx would tell an IdP to give up (P6).
 */
function foreign(error: Error): DomainError | null {
  // NestJS wraps what Fastify says.
  const said = error instanceof HttpException && error.cause instanceof Error ? error.cause : error;
  const ofFastify = FASTIFY.get(codeOf(said));
  if (ofFastify) return ofFastify;
  const isOurs =
    error instanceof HttpException ||
    codeOf(error).startsWith('FST_') ||
    codeOf(error) === 'ECONNRESET'; // while Fastify read the body: it sets the status
  const code = isOurs ? CODE_OF_STATUS[statusOf(error)] : undefined;
  return code === undefined ? null : new DomainError(code, wordsOf(code));
}

const wordsOf = (code: ErrorCode): string =>
  code === 'request.path_unknown' ? 'nothing is served under this path' : code;

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

function statusOf(error: Error): number {
  if (error instanceof HttpException) return error.getStatus();
  const status: unknown = 'statusCode' in error ? error.statusCode : 0;
  return typeof status === 'number' ? status : 0;
}

function headersOf(status: number, code: ErrorCode): Readonly<Record<string, string>> {
  if (status === 503 || status === 429) return { 'retry-after': String(RETRY_AFTER_S) };
  // RFC 6749 §5.2: in the words of the scheme that a client uses here.
  if (code === 'credential.client_invalid')
    return { 'www-authenticate': 'Basic realm="offswitch"' };
  // RFC 6750 §3: no error code when the request carried no credential at all.
  if (status === 401)
    return {
      'www-authenticate':
        code === 'credential.missing'
          ? 'Bearer realm="offswitch"'
          : 'Bearer realm="offswitch", error="invalid_token"',
    };
  return {};
}
