import { DomainError } from '../../kernel/domain-error.js';
import type { ErrorRenderer } from '../../platform/http/error-renderers.js';
import { MEDIA_TYPE, scimError } from '../present/errors.js';

/** The errors of RFC 7644 §3.12, for everything below the prefix, whoever says no. */
export const scimErrors: ErrorRenderer = {
  knows: (error) => error instanceof DomainError && error.code === 'scim.no_self',
  render: (refusal) => {
    const status = refusal.code === 'scim.no_self' ? 501 : refusal.status;
    return {
      status,
      mediaType: MEDIA_TYPE,
      headers: refusal.headers,
      body: scimError(status, refusal.code, refusal.detail),
    };
  },
};
