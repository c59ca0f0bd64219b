import { DomainError } from '../../kernel/domain-error.js';
import type {
  ErrorRenderer,
  ErrorRenderers,
  RenderedError,
} from '../../platform/http/error-renderers.js';
import type { Refusal } from '../../platform/http/refusal.js';
import { MEDIA_TYPE, scimError } from '../present/errors.js';

/** The errors of RFC 7644 §3.12, for everything below the prefix, whoever says no. */
export class ScimErrors implements ErrorRenderer {
  static below(renderers: ErrorRenderers, prefix: string): ScimErrors {
    const errors = new ScimErrors();
    renderers.below(prefix, errors);
    return errors;
  }

  readonly knows = (error: unknown): boolean =>
    error instanceof DomainError && error.code === 'scim.no_self';

  readonly render = ({ code, detail, headers, ...refusal }: Refusal): RenderedError => {
    const status = code === 'scim.no_self' ? 501 : refusal.status;
    return { status, mediaType: MEDIA_TYPE, headers, body: scimError(status, code, detail) };
  };
}
