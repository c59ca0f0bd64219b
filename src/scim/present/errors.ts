import { refusalOf } from '../../platform/http/refusal.js';
import type { ErrorCode } from '../../kernel/domain-error.js';

export const MEDIA_TYPE = 'application/scim+json; charset=utf-8';

const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';

/** RFC 7644 §3.12, table 9. */
const SCIM_TYPES: Partial<Record<ErrorCode, string>> = {
  'request.malformed': 'invalidSyntax',
  'scim.invalid_syntax': 'invalidSyntax',
  'scim.invalid_value': 'invalidValue',
  'request.invalid_value': 'invalidValue',
  'request.unstorable_text': 'invalidValue',
  'scim.active_unreadable': 'invalidValue',
  'scim.invalid_path': 'invalidPath',
  'scim.invalid_filter': 'invalidFilter',
  'scim.no_target': 'noTarget',
  // RFC 9865 §2.1.
  'scim.invalid_cursor': 'invalidCursor',
  'scim.expired_cursor': 'expiredCursor',
  'scim.invalid_count': 'invalidCount',
  'scim.mutability': 'mutability',
  'scim.name_taken': 'uniqueness',
  'scim.subject_taken': 'uniqueness',
};

/** An error body of RFC 7644 §3.12; the status is a string there. `scimType` belongs to 400 and 409 only. */
export function scimError(
  status: number,
  code: ErrorCode,
  detail: string,
): Readonly<Record<string, unknown>> {
  const scimType = SCIM_TYPES[code];
  const hasType = scimType !== undefined && (status === 400 || status === 409);
  return {
    schemas: [ERROR],
    status: String(status),
    ...(hasType && { scimType }),
    detail,
  };
}

/** What an operation of a bulk request is refused with. */
export function refusedWith(error: Error): Readonly<Record<string, unknown>> {
  const { status, code, detail } = refusalOf(error);
  return scimError(status, code, detail);
}
