import type { Case } from '../cases/index.js';
import type { Tx } from '../kernel/tx.js';
import type { Asking } from './gateways.js';

/** Signing keys that no gateway accepts any more. They stand in every watermark, for ever. */
export abstract class RevokedKids {
  /**
   * Revokes a signing key: record, case, audit entry and list in one transaction, then published. Revoking it
   * again answers with the first case. Whether we ever had such a key is for the caller to check.
   */
  abstract revoke(
    request: { readonly kid: string; readonly reason: string; readonly receivedAt: Date },
    asking: Asking,
  ): Promise<Case>;

  abstract list(tx: Tx): Promise<readonly string[]>;
}
