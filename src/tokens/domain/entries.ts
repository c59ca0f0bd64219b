import { entryOf, type Actor, type AuditEntry } from '../../audit/index.js';
import type { AccessTokenClaims } from '../../contract/access-token.js';
import type { EntryId } from '../../kernel/ids.js';
import type { Family } from './family.js';

/** A device acts for itself: it holds the secret. */
export const deviceActor = (family: Pick<Family, 'device'>): Actor => ({
  type: 'device',
  id: family.device,
});

/** An access token was minted from a device token. */
export function mintedEntry(
  family: Family,
  claims: AccessTokenClaims,
  around: {
    readonly id: EntryId;
    readonly requestId: string;
    readonly action: 'token.redeemed' | 'token.refreshed';
    /** How many times the refresh secret has been replaced, this time included. */
    readonly counter: number;
    /** The answer before was told again. */
    readonly isRepeat: boolean;
  },
): AuditEntry {
  return entryOf({
    id: around.id,
    org: family.organization,
    at: family.at.toISOString(),
    action: around.action,
    outcome: 'success',
    actor: deviceActor(family),
    subject: { type: 'family', id: family.id },
    request_id: around.requestId,
    detail: {
      device: family.device,
      user: family.owner,
      jti: claims.jti,
      expires_at: new Date(claims.exp * 1000).toISOString(),
      scopes: family.scopes,
      counter: around.counter,
      repeat: around.isRepeat,
    },
  });
}
