import { DomainError } from '../../kernel/domain-error.js';

const FORM = 'application/x-www-form-urlencoded';

/**
 * The `token` of an introspection request (RFC 7662 §2.1). Other parameters are ignored, as RFC 6749 §3.2 says.
 *
 * @throws DomainError `request.media_type`, `request.malformed`
 */
export function tokenInForm(contentType: string | undefined, body: Uint8Array | null): string {
  if (contentType?.split(';', 1)[0]?.trim().toLowerCase() !== FORM)
    throw new DomainError('request.media_type', `the body must be ${FORM}`);
  const form = new URLSearchParams(Buffer.from(body ?? []).toString('utf8'));
  const [token, ...more] = form.getAll('token');
  if (token === undefined || token === '' || more.length > 0)
    throw new DomainError('request.malformed', 'the form must have exactly one token');
  return token;
}
