import type { UseAfterRevoke } from './guard.js';
import type { Discarded } from './keep/view-file.js';
import type { ViewAlarm } from './view/view.js';

/** Everything that a gateway has to say to whoever runs it. It prints nothing itself. */
export type GatewayEvent =
  | { readonly kind: 'lease.renewed'; readonly id: string }
  /** `isRefused`: the service does not know the key. */
  | { readonly kind: 'lease.failed'; readonly isRefused: boolean; readonly error: unknown }
  | { readonly kind: 'lease.restored' }
  /** The service may not know that this process, or one before it, has ended. */
  | { readonly kind: 'goodbye.failed'; readonly error: unknown }
  | { readonly kind: 'lease.not-kept'; readonly error: unknown }
  /** Starts with what a process before this one knew. */
  | { readonly kind: 'view.restored'; readonly size: number }
  /** The kept view was no good: cut short or changed, of a later version, of another installation, or unreadable. */
  | { readonly kind: 'view.discarded'; readonly why: Discarded | 'foreign' | 'unreadable' }
  | { readonly kind: 'view.not-kept'; readonly error: unknown }
  /**
   * The keys of foreign issuers could not be written, and none are kept now. `isOlderLeft`: those from before could not
   * be removed, either, so that a restart would believe a key that was withdrawn since.
   */
  | {
      readonly kind: 'issuers.not-kept';
      readonly error: unknown;
      readonly isOlderLeft: boolean;
    }
  | { readonly kind: 'keys.failed'; readonly error: unknown }
  | { readonly kind: 'introspection.failed'; readonly error: unknown }
  /** What should close a stream threw. */
  | { readonly kind: 'stream.not-closed'; readonly error: unknown }
  | { readonly kind: 'view.alarm'; readonly alarm: ViewAlarm; readonly partition: number }
  /** Messages that nobody we know has signed, or that are no messages of ours. */
  | { readonly kind: 'messages.refused'; readonly count: number; readonly partition: number }
  /** A partition is read again from further back. */
  | { readonly kind: 'source.sought'; readonly partition: number; readonly why: string }
  | { readonly kind: 'source.failed'; readonly error: unknown }
  /** Over HTTP comes what Kafka should bring. */
  | { readonly kind: 'source.stands-in'; readonly isStandingIn: boolean }
  /** A record that the topic did not bring was fetched. */
  | { readonly kind: 'record.repaired'; readonly digest: string }
  /** A part of the feed that cannot be believed, or not followed. */
  | { readonly kind: 'feed.refused'; readonly why: string }
  | { readonly kind: 'receipts.failed'; readonly error: unknown }
  | { readonly kind: 'token.used-after-revoke'; readonly use: UseAfterRevoke };

export type Report = (event: GatewayEvent) => void;
