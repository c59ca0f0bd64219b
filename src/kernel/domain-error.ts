/** What sort of no it is. Doors turn the sort into their protocol's answer; nothing inside knows HTTP. */
export type ErrorSort =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'unknown'
  | 'not_allowed'
  | 'conflict'
  | 'too_large'
  | 'unsupported_media'
  | 'too_many'
  | 'unavailable';

/** Every way to say no. The codes are stable: outsiders may switch on them. */
const CODES = {
  'request.malformed': 'invalid',
  'request.unknown_field': 'invalid',
  'request.invalid_value': 'invalid',
  'request.unknown_parameter': 'invalid',
  'request.path_unknown': 'unknown',
  'request.method_not_allowed': 'not_allowed',
  'request.too_large': 'too_large',
  'request.path_too_long': 'invalid',
  'request.head_too_large': 'invalid',
  'request.timed_out': 'invalid',
  'request.throttled': 'too_many',
  'request.media_type': 'unsupported_media',
  'request.unstorable_text': 'invalid',
  'request.idempotency_conflict': 'conflict',
  'credential.missing': 'unauthenticated',
  'credential.invalid': 'unauthenticated',
  'credential.client_invalid': 'unauthenticated',
  'credential.role_missing': 'forbidden',
  'credential.scope_missing': 'forbidden',
  'admin_key.unknown': 'unknown',
  'admin_key.in_use': 'conflict',
  'organization.unknown': 'unknown',
  'organization.held': 'forbidden',
  'connection.unknown': 'unknown',
  'user.unknown': 'unknown',
  'subject.unknown': 'unknown',
  'subject.taken': 'conflict',
  'user.ambiguous': 'conflict',
  'user.held': 'forbidden',
  'user.closed': 'forbidden',
  'group.unknown': 'unknown',
  'access_group.unknown': 'unknown',
  'device.unknown': 'unknown',
  'device.taken': 'conflict',
  'device.held': 'forbidden',
  'device.owner_required': 'conflict',
  'assignment.unknown': 'unknown',
  'family.unknown': 'unknown',
  'resource.unknown': 'unknown',
  'scim.invalid_syntax': 'invalid',
  'scim.invalid_value': 'invalid',
  'scim.invalid_path': 'invalid',
  'scim.invalid_filter': 'invalid',
  'scim.invalid_cursor': 'invalid',
  'scim.expired_cursor': 'invalid',
  'scim.invalid_count': 'invalid',
  'scim.no_target': 'invalid',
  'scim.mutability': 'invalid',
  'scim.active_unreadable': 'invalid',
  'scim.name_taken': 'conflict',
  'scim.subject_taken': 'conflict',
  'scim.version_lost': 'conflict',
  'scim.reference_unresolved': 'conflict',
  'scim.filter_forbidden': 'forbidden',
  'scim.no_self': 'not_allowed',
  'oauth.unsupported_grant_type': 'invalid',
  'oauth.invalid_scope': 'invalid',
  'hold.unknown': 'unknown',
  'roster.unknown': 'unknown',
  'roster.malformed': 'invalid',
  'roster.cut': 'invalid',
  'roster.empty': 'invalid',
  'roster.too_many_missing': 'conflict',
  'reconciliation.unknown': 'unknown',
  'case.unknown': 'unknown',
  'gateway.unknown': 'unknown',
  'gateway.name_taken': 'conflict',
  'gateway.process_unknown': 'unknown',
  'gateway.process_live': 'conflict',
  'issuer.unknown': 'unknown',
  'issuer.taken': 'conflict',
  'issuer.too_many': 'conflict',
  'feed.position_unknown': 'conflict',
  'feed.full': 'unavailable',
  'record.unknown': 'unknown',
  'receipt.refused': 'invalid',
  'api_key.unknown': 'unknown',
  'kid.unknown': 'unknown',
  'token.invalid': 'unauthenticated',
  'token.bound_elsewhere': 'forbidden',
  'token.no_signing_key': 'unavailable',
  'signal.unverified': 'unauthenticated',
  'signal.stale': 'unauthenticated',
  'signal.malformed': 'invalid',
  'signal.subject_unreadable': 'invalid',
  'signal.time_unreadable': 'invalid',
  'store.unavailable': 'unavailable',
  'store.schema_behind': 'unavailable',
  'store.schema_newer': 'unavailable',
  'store.privilege_missing': 'unavailable',
  'store.recovery_needed': 'unavailable',
  'store.unsuitable': 'unavailable',
  'service.draining': 'unavailable',
  'service.overloaded': 'unavailable',
  'service.failed': 'unavailable',
} as const satisfies Record<string, ErrorSort>;

export type ErrorCode = keyof typeof CODES;

/**
 * A refusal that a caller can act on. `detail` may reach the caller: it names fields, rules and limits, never
 * a secret or a personal value.
 */
export class DomainError extends Error {
  override readonly name = 'DomainError';

  constructor(
    readonly code: ErrorCode,
    readonly detail: string = code,
    options?: ErrorOptions,
  ) {
    super(`${code}: ${detail}`, options);
  }

  get sort(): ErrorSort {
    return CODES[this.code];
  }
}
