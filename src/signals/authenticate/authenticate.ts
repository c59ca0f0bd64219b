import type { Secret } from '../../kernel/secret.js';

/** A request as it came over the wire. */
export interface Arrival {
  /** Every value of a header field, by its name in lower case; empty when it is not there. */
  readonly header: (name: string) => readonly string[];
  readonly body: Uint8Array;
  readonly receivedAt: Date;
}

/** What the sender of one connection can prove itself with. Several secrets live at once while they rotate. */
export interface SenderKeys {
  /** Whether the text is one of the connection's bearer secrets; takes the same time for every wrong one. */
  readonly isSecret: (text: string) => boolean;
  /** Secrets that verify signatures: `whsec_…`. */
  readonly signingSecrets: readonly Secret[];
  /** Ed25519, `whpk_…`. */
  readonly publicKeys: readonly string[];
}

/** Why nothing is proven; one audit entry counts them per connection, reason and minute. */
export type Unproven =
  | 'credential_missing'
  | 'credential_wrong'
  | 'header_missing'
  | 'header_repeated'
  | 'header_malformed'
  | 'signature_wrong';

export type Proof =
  | {
      readonly kind: 'proven';
      /** The delivery's key and time, as far as a signature covers them. */
      readonly id: string | null;
      readonly sentAt: Date | null;
    }
  /** Rightly signed, but too long ago or too far in the future: it may be a replay. */
  | { readonly kind: 'stale'; readonly id: string; readonly sentAt: Date }
  | { readonly kind: 'unproven'; readonly why: Unproven };

/** Says who sent it before anybody reads what it says. Never throws. */
export type Authenticate = (arrival: Arrival, keys: SenderKeys) => Proof;
