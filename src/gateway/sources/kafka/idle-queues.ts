import { createRequire } from 'node:module';

interface RequestQueue {
  readonly pending: readonly unknown[];
  scheduleCheckPendingRequests: (this: RequestQueue) => void;
}

/**
 * kafkajs 2.2.4 looks at the requests that wait on a connection each millisecond, for ever, also when none does
 * (tulios/kafkajs#1704): most of what a gateway cost that did nothing. A request that must wait asks for a look itself,
 * so nothing is lost when nobody looks before.
 */
export function lookOnlyForWhatWaits(): void {
  const queue = prototypeOfQueues();
  if (queue === null) return;
  const schedule = queue.scheduleCheckPendingRequests;
  queue.scheduleCheckPendingRequests = function () {
    if (this.pending.length > 0) schedule.call(this);
  };
}

/** Null in another version, which may have it elsewhere, or mended. */
function prototypeOfQueues(): RequestQueue | null {
  try {
    const required: unknown = createRequire(import.meta.url)(
      'kafkajs/src/network/requestQueue/index.js',
    );
    const { prototype } = required as { readonly prototype: RequestQueue };
    return typeof prototype.scheduleCheckPendingRequests === 'function' ? prototype : null;
  } catch {
    return null;
  }
}
