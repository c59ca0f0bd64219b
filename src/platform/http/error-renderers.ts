import type { Refusal } from './refusal.js';

/** An answer that says no, in the words of one protocol. */
export interface RenderedError {
  readonly status: number;
  readonly mediaType: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly headers: Readonly<Record<string, string>>;
}

/** What a renderer may put into its answer besides the refusal. */
export interface ErrorContext {
  readonly requestId: string;
  /** What was thrown: a protocol may have error classes of its own. */
  readonly error: unknown;
}

/**
 * One protocol's errors. `knows` says that the error is one of the protocol's own classes: its refusal then is
 * only a frame, and it is not logged as trouble of ours.
 */
export interface ErrorRenderer {
  readonly knows: (error: unknown) => boolean;
  readonly render: (refusal: Refusal, context: ErrorContext) => RenderedError;
}

/** RFC 9457, everywhere that no other protocol has its own. */
export const problems: ErrorRenderer = {
  knows: () => false,
  render: (refusal, { requestId }) => ({
    status: refusal.status,
    mediaType: 'application/problem+json; charset=utf-8',
    headers: refusal.headers,
    body: {
      type: `urn:offswitch:problem:${refusal.code}`,
      title: refusal.title,
      status: refusal.status,
      detail: refusal.detail,
      code: refusal.code,
      request_id: requestId,
    },
  }),
};

/** Which protocol's errors are spoken below which path, also for what no controller has seen. */
export class ErrorRenderers {
  readonly #byPrefix = new Map<string, ErrorRenderer>();

  /** @param prefix a path without a slash at its end; the path itself and all below it */
  below(prefix: string, renderer: ErrorRenderer): void {
    this.#byPrefix.set(prefix, renderer);
  }

  /** @param url the raw request target; it may be badly encoded */
  forUrl(url: string): ErrorRenderer {
    const path = url.split('?', 1)[0] ?? url;
    for (const [prefix, renderer] of this.#byPrefix)
      if (path === prefix || path.startsWith(`${prefix}/`)) return renderer;
    return problems;
  }
}
