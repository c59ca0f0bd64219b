import type { Hash, Sign } from '../../contract/crypto-types.js';
import { eventBytes, eventKey, securityEvent } from '../../contract/security-event.js';
import { partitionOf, signedHeaders } from '../../contract/signed-message.js';
import type { Id } from '../../kernel/ids.js';
import type { Transactions } from '../../kernel/tx.js';
import type { TopicGate } from '../../platform/kafka/topic-gate.js';
import {
  MessagesRefused,
  type OutgoingMessage,
  type TopicProducer,
} from '../../platform/kafka/topic-producer.js';
import type { Log } from '../../platform/log/log.js';
import { Backoff } from '../../platform/loop/backoff.js';
import { pause } from '../../platform/time/pause.js';
import {
  forgetEvents,
  leaveTurn,
  takeEvents,
  type PendingEvent,
} from '../postgres/pending-events.js';

export interface EventPublisherParts {
  readonly transactions: Transactions;
  readonly topic: string;
  readonly issuer: string;
  readonly partitions: number;
  /** Its own: what is told here never waits in the same line as a revocation. */
  readonly producer: TopicProducer;
  readonly gate: TopicGate;
  readonly sign: Sign;
  readonly hash: Hash;
  readonly log: Log;
  readonly writer: Id<'writer'>;
}

/** Events in one request: signing them keeps the event loop for a few milliseconds at most. */
const BATCH = 100;
/** Longer than one send may take, so that a process that still works keeps its turn. */
const HOLD_MS = 15_000;
const EVERY_MS = 500;

/**
 * Tells on the events topic what happened to SCIM resources and to access, in its order, behind the transactions that wrote it. An event
 * leaves the queue only after all in-sync replicas have it: whatever happens here, it is told at least once.
 */
export class EventPublisher {
  readonly #parts: EventPublisherParts;

  constructor(parts: EventPublisherParts) {
    this.#parts = parts;
  }

  async run(stop: AbortSignal): Promise<void> {
    const { gate, log } = this.#parts;
    const backoff = new Backoff(100, 5_000);
    let isFlowing = true;
    while (await gate.opened(stop)) {
      try {
        const told = await this.runOnce();
        backoff.reset();
        isFlowing = true;
        if (told < BATCH) await pause(EVERY_MS, stop);
      } catch (error) {
        if (isFlowing) log.warn('events are not acknowledged; sending again', { error });
        isFlowing = false;
        gate.doubt();
        await pause(backoff.next(), stop);
      }
    }
    await this.#leave();
  }

  /** @returns how many it has told; none while another process has the turn */
  async runOnce(): Promise<number> {
    const { transactions, writer } = this.#parts;
    const taken = await transactions.run('background', (tx) =>
      takeEvents(tx, writer, { holdMs: HOLD_MS, limit: BATCH }),
    );
    if (taken.length === 0) return 0;
    await this.#send(taken);
    // From here the broker has them. If we die before they are forgotten, they are told again, under the same ids.
    const seqs = taken.map(({ seq }) => seq);
    await transactions.run('background', (tx) => forgetEvents(tx, seqs));
    return taken.length;
  }

  /** One that the broker refuses for good is passed over: the resource, or the case, says all that it would have said. */
  async #send(taken: readonly PendingEvent[]): Promise<void> {
    const { producer, topic, log } = this.#parts;
    try {
      await producer.send(
        topic,
        taken.map((each) => this.#message(each)),
      );
    } catch (error) {
      if (!(error instanceof MessagesRefused)) throw error;
      const [only, ...others] = taken;
      if (only !== undefined && others.length === 0) {
        log.alarm('event_refused', 'the broker refuses an event, which is passed over', {
          event: only.id,
          txn: only.txn,
          error,
        });
        return;
      }
      const middle = Math.ceil(taken.length / 2);
      await this.#send(taken.slice(0, middle));
      await this.#send(taken.slice(middle));
    }
  }

  #message(pending: PendingEvent): OutgoingMessage {
    const { issuer, partitions, hash, sign } = this.#parts;
    const key = eventKey(pending.org, pending.subject);
    const value = eventBytes(securityEvent(pending, issuer));
    return {
      partition: partitionOf(key, partitions, hash),
      key,
      value,
      headers: {
        'content-type': 'application/cloudevents+json; charset=UTF-8',
        ...signedHeaders('event', value, sign),
      },
    };
  }

  async #leave(): Promise<void> {
    const { transactions, writer, log } = this.#parts;
    try {
      await transactions.run('background', (tx) => leaveTurn(tx, writer));
    } catch (error) {
      // It runs out by itself.
      log.warn('the turn to tell events could not be handed on', { error });
    }
  }
}
