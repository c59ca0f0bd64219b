import type { Histogram } from 'prom-client';
import type { Metrics } from './metrics.js';

/** How long the steps of a revocation took, from the request to the broker. */
export class WalkTimes {
  readonly #requestToCommit: Histogram;
  readonly #commitToAck: Histogram;

  constructor(metrics: Metrics) {
    this.#requestToCommit = metrics.seconds({
      name: 'offswitch_request_to_commit_seconds',
      help: 'From the head of a request that changed a person to its COMMIT',
    });
    this.#commitToAck = metrics.seconds({
      name: 'revocation_commit_to_ack_seconds',
      help: 'From the COMMIT of a revocation to the acknowledgement of its record by all in-sync replicas',
    });
  }

  committed(receivedAt: Date, committedAt: Date): void {
    this.#requestToCommit.observe(secondsBetween(receivedAt, committedAt));
  }

  acknowledged(committedAt: Date, ackedAt: Date): void {
    this.#commitToAck.observe(secondsBetween(committedAt, ackedAt));
  }
}

const secondsBetween = (from: Date, to: Date): number =>
  Math.max(0, to.getTime() - from.getTime()) / 1_000;
