import { setTimeout as after } from 'node:timers/promises';
import type { LogId, Refusals } from '../audit/index.js';
import type { Clock } from '../kernel/clock.js';
import type { ErrorCode } from '../kernel/domain-error.js';
import { TokenBuckets } from '../platform/rate/token-buckets.js';
import type { Log } from '../platform/log/log.js';
import type { ConnectionTraffic, Sender } from './connection-traffic.js';

/** Somebody at the door of IdPs who has not proven who they are. */
export interface FailedAttempt {
  readonly door: 'scim' | 'webhooks' | 'oauth';
  readonly reason: ErrorCode;
  /** Where it came from: the last one that spoke to us, a proxy perhaps. */
  readonly from: string;
  /** The public half of the secret that was shown; null when there is none. */
  readonly credential: string | null;
  /** The connection that it would be; null when there is none. */
  readonly connection: Pick<Sender, 'organization' | 'connection'> | null;
}

/** Far more than somebody needs who has entered a wrong secret. */
const FAILURES = { perSecond: 1, burst: 50, mostKeys: 10_000 } as const;
/** Of one connection or one place, an alarm is news every ten minutes. */
const ALARMS = { perSecond: 1 / 600, burst: 1, mostKeys: 1_000 } as const;

const LATE_MS = 1_000;
/** Answers that wait hold their connections open: so many at most. */
const MOST_WAITING = 200;

/**
 * Counts what is refused at the doors of IdPs, and answers late whoever fails too often. Those who succeed never wait,
 * from wherever they come: behind one proxy stand many.
 */
export class FailedAttempts {
  readonly #parts: FailedAttemptsParts;
  readonly #failures: TokenBuckets;
  readonly #alarms: TokenBuckets;
  #waiting = 0;

  constructor(parts: FailedAttemptsParts) {
    this.#parts = parts;
    this.#failures = new TokenBuckets(FAILURES, parts.clock);
    this.#alarms = new TokenBuckets(ALARMS, parts.clock);
  }

  /** Resolves when the refusal may be answered. */
  async note(attempt: FailedAttempt): Promise<void> {
    const { door, reason, connection } = attempt;
    const { refusals, traffic, installation } = this.#parts;
    refusals.count({
      log: connection?.organization ?? installation,
      connection: connection?.connection ?? null,
      ...{ door, reason },
    });
    if (connection !== null) traffic.turnedAway(connection, reason);
    if (!this.#isTooOften(attempt)) return;
    this.#alarm(attempt);
    if (this.#waiting >= MOST_WAITING) return;
    this.#waiting += 1;
    await after(this.#parts.lateMs ?? LATE_MS, undefined, { ref: false });
    this.#waiting -= 1;
  }

  /** Each of them counts, so none hides behind another. */
  #isTooOften({ door, from, credential, connection }: FailedAttempt): boolean {
    const keys = [`from ${from}`];
    if (credential !== null) keys.push(`credential ${credential}`);
    if (connection !== null) keys.push(`connection ${connection.connection}`);
    return keys.map((key) => this.#failures.take(`${door} ${key}`)).includes(false);
  }

  #alarm({ door, from, credential, connection }: FailedAttempt): void {
    if (!this.#alarms.take(`${door} ${connection?.connection ?? credential ?? from}`)) return;
    this.#parts.log.alarm('credentials_guessed', 'a door is tried again and again', {
      door,
      ...connection,
    });
  }
}

export interface FailedAttemptsParts {
  readonly refusals: Refusals;
  readonly traffic: ConnectionTraffic;
  readonly clock: Clock;
  readonly log: Log;
  /** Its log takes what belongs to no organization. */
  readonly installation: LogId;
  /** By how much; a second unless told. */
  readonly lateMs?: number;
}
