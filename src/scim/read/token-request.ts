import type { ClientProof } from '../../directory/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { basicOf } from '../../platform/http/basic.js';

const FORM = 'application/x-www-form-urlencoded';
const JWT_BEARER = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

const malformed = (why: string): DomainError => new DomainError('request.malformed', why);

/**
 * A request for a token (RFC 6749 §4.4.2). Secrets stand in the header, never in the body.
 *
 * @throws DomainError `request.media_type`, `request.malformed`, `oauth.unsupported_grant_type`, `oauth.invalid_scope`,
 *   `credential.client_invalid` when nobody says who they are
 */
export function readTokenRequest(request: {
  readonly contentType: string | undefined;
  readonly authorization: string | undefined;
  readonly body: Uint8Array | null;
}): ClientProof {
  if (request.contentType?.split(';', 1)[0]?.trim().toLowerCase() !== FORM)
    throw new DomainError('request.media_type', `the body must be ${FORM}`);
  const form = new URLSearchParams(Buffer.from(request.body ?? []).toString('utf8'));
  const one = (name: string): string | null => {
    const [value, ...more] = form.getAll(name);
    if (more.length > 0) throw malformed(`${name} stands twice`);
    return value === undefined || value === '' ? null : value;
  };
  const grant = one('grant_type');
  if (grant === null) throw malformed('grant_type is missing');
  if (grant !== 'client_credentials')
    throw new DomainError('oauth.unsupported_grant_type', 'only client_credentials');
  const scope = one('scope');
  if (scope !== null && scope.trim() !== 'scim')
    throw new DomainError('oauth.invalid_scope', 'the only scope is scim');
  if (one('client_secret') !== null) throw malformed('a client_secret does not stand in the body');
  return proofIn(request.authorization, {
    client: one('client_id'),
    type: one('client_assertion_type'),
    assertion: one('client_assertion'),
  });
}

function proofIn(
  authorization: string | undefined,
  said: {
    readonly client: string | null;
    readonly type: string | null;
    readonly assertion: string | null;
  },
): ClientProof {
  const { client, type, assertion } = said;
  if (assertion === null && type === null) return basicIn(authorization, client);
  // RFC 6749 §2.3: one way at a time.
  if (authorization !== undefined) throw malformed('a client proves itself in one way');
  if (assertion === null || type !== JWT_BEARER) throw malformed('client_assertion: a JWT');
  return { kind: 'assertion', client, assertion };
}

function basicIn(authorization: string | undefined, client: string | null): ClientProof {
  const shown = basicOf(authorization ?? '');
  if (shown === null)
    throw new DomainError('credential.client_invalid', 'the client does not say who it is');
  const named = decoded(shown.user);
  if (client !== null && client !== named) throw malformed('client_id: another one');
  return { kind: 'secret', client: named, secret: decoded(shown.password) };
}

/** RFC 6749 §2.3.1: both are encoded as in a form. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw malformed('the credentials are not validly encoded');
  }
}
