import type { ErrorCode } from '../../kernel/domain-error.js';
import type {
  ErrorRenderer,
  ErrorRenderers,
  RenderedError,
} from '../../platform/http/error-renderers.js';
import type { Refusal } from '../../platform/http/refusal.js';

/** Errors in the words of OAuth (RFC 6749 §5.2; `temporarily_unavailable` and `server_error` from §4.1.2.1). */
export class OAuthErrors implements ErrorRenderer {
  static below(renderers: ErrorRenderers, prefix: string): OAuthErrors {
    const errors = new OAuthErrors();
    renderers.below(prefix, errors);
    return errors;
  }

  readonly knows = (): boolean => false;

  readonly render = ({ status, headers, code, detail }: Refusal): RenderedError => ({
    status,
    mediaType: 'application/json; charset=utf-8',
    headers,
    body: { error: NAMES[code] ?? nameOf(status), error_description: `${code}: ${detail}` },
  });
}

const NAMES: Partial<Record<ErrorCode, string>> = {
  'oauth.unsupported_grant_type': 'unsupported_grant_type',
  'oauth.invalid_scope': 'invalid_scope',
};

function nameOf(status: number): string {
  if (status === 401) return 'invalid_client';
  if (status === 429 || status === 503) return 'temporarily_unavailable';
  return status >= 500 ? 'server_error' : 'invalid_request';
}
