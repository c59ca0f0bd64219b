import type { WebhookDoor } from '../../directory/index.js';

/** A request as it came over the wire. */
export interface Arrival {
  /** Every value of a header field, by its name in lower case; empty when it is not there. */
  readonly header: (name: string) => readonly string[];
  readonly body: Uint8Array;
  readonly receivedAt: Date;
}

/** What the sender of one connection can prove itself with. Several secrets live at once while they rotate. */
export type SenderKeys = Pick<WebhookDoor, 'accepts' | 'hmacKeys' | 'publicKey'>;

export type Proof =
  | {
      readonly kind: 'proven';
      /** The delivery's key and time, as far as a signature covers them. */
      readonly id: string | null;
      readonly sentAt: Date | null;
    }
  /** Rightly signed, but too long ago or too far in the future: it may be a replay. */
  | { readonly kind: 'stale'; readonly id: string }
  | {
      readonly kind: 'unproven';
      readonly code: 'credential.missing' | 'credential.invalid' | 'signal.unverified';
      /** Names the field and the rule, never a value. */
      readonly why: string;
    };

/** Says who sent it before anybody reads what it says. Never throws. */
export type Authenticate = (arrival: Arrival, keys: SenderKeys) => Proof;
