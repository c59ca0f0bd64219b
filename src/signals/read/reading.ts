import type { IdentityReference, VerifiedSignal } from '../../deprovision/index.js';

/** Why a proven sender's statement could not be taken as it stands. */
type Refusal = 'signal.malformed' | 'signal.subject_unreadable' | 'signal.time_unreadable';

/**
 * What one event of a delivery means to us. An event can give a signal *and* a refusal: what it demands is done
 * as far as it can be read, and the sender is told all the same that something in it cannot (P9).
 */
export type Reading =
  | { readonly kind: 'signal'; readonly signal: VerifiedSignal }
  /** Readable, and it changes nothing here. It is recorded: its effect is `none`. */
  | { readonly kind: 'irrelevant'; readonly signal: VerifiedSignal }
  | {
      readonly kind: 'refused';
      readonly code: Refusal;
      /** The sender's own key of the event, when it can be read. */
      readonly event: string | null;
      /** Names the field and the rule, never a value. */
      readonly why: string;
    };

/** What is known of a delivery besides its body. */
interface Delivery {
  /** Our clock. */
  readonly receivedAt: Date;
  /** The key of the delivery that its signature covers; null where nothing of the kind is signed. */
  readonly id: string | null;
  /** When this attempt was sent, as its signature covers it. */
  readonly sentAt: Date | null;
}

/** Pure: the parsed body of a proven delivery in, one or more readings per event out. Never throws, never empty. */
export type Read = (body: unknown, delivery: Delivery) => readonly Reading[];

/** An event whose type means something here, as far as it could be read. */
export interface ReadEvent {
  readonly key: string;
  readonly eventType: string;
  readonly effect: 'hold' | 'revoke' | 'lift';
  readonly class: string;
  /** When it happened; null when the event says it in no way we can read. */
  readonly occurredAt: Date | null;
  /** The latest time at which it can have happened. */
  readonly happenedBy: Date;
  readonly subject: readonly IdentityReference[];
  /** A rule that a name of the subject breaks; null when all of them could be read. */
  readonly flaw: string | null;
}

/**
 * An event with a flaw still takes effect if that is the safe side: the person is revoked or held, as of the latest
 * time possible. It never lifts a hold. Whoever cannot be told from anybody else is left alone.
 */
export function conclude(event: ReadEvent): readonly Reading[] {
  const { key, eventType, effect, subject } = event;
  const refusals: Reading[] = [];
  if (subject.length === 0 || event.flaw !== null)
    refusals.push({
      kind: 'refused',
      code: 'signal.subject_unreadable',
      event: key,
      why: event.flaw ?? 'the event names no person',
    });
  if (event.occurredAt === null)
    refusals.push({
      kind: 'refused',
      code: 'signal.time_unreadable',
      event: key,
      why: 'the time of the event is missing, unreadable or in the future',
    });
  const isSafe = refusals.length === 0 || effect !== 'lift';
  if (subject.length === 0 || !isSafe) return refusals;
  const occurredAt = event.occurredAt ?? event.happenedBy;
  const signal = { dedupeKey: key, eventType, occurredAt, effect, class: event.class, subject };
  return [{ kind: 'signal', signal }, ...refusals];
}

/**
 * What may be believed of a body in which a member stands twice, and only the last of the two was read: what takes
 * access away. What gives it back, or changes nothing, may be the half of a deactivation that we did not see (P9).
 */
export const doubted = (
  readings: readonly Reading[],
  delivery: string | null,
): readonly Reading[] => [
  malformed(delivery, 'a member stands twice in one object'),
  ...readings.filter(
    (reading) =>
      reading.kind === 'refused' || (reading.kind === 'signal' && reading.signal.effect !== 'lift'),
  ),
];

/** A statement that changes nothing here. */
export const irrelevant = (key: string, eventType: string, occurredAt: Date): Reading => ({
  kind: 'irrelevant',
  signal: { dedupeKey: key, eventType, occurredAt, effect: 'none', class: 'none', subject: [] },
});

export const malformed = (event: string | null, why: string): Reading => ({
  kind: 'refused',
  code: 'signal.malformed',
  event,
  why,
});
