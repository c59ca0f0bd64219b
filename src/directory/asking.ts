import type { Actor } from '../audit/index.js';

/** Who asks, for the audit log. */
export interface Asking {
  readonly actor: Actor;
  readonly requestId: string;
}
