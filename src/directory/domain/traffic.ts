import type { AnsweredRequest, Sender } from '../connection-traffic.js';

/** Of each connection so many requests are shown. */
export const REQUESTS_KEPT = 200;

export type Outcome = 'ok' | 'refused' | 'throttled' | 'failed' | 'turned_away';

export const outcomeOf = (status: number): Outcome => {
  if (status < 400) return 'ok';
  if (status === 429) return 'throttled';
  return status < 500 ? 'refused' : 'failed';
};

/**
 * That somebody is not there is an answer to a question, and a failure of anything else. Who is told to come back later
 * has neither failed nor succeeded.
 */
const isFailure = ({ method, status }: AnsweredRequest): boolean =>
  status >= 400 && !(method === 'GET' && status === 404);
const isPutOff = ({ status }: AnsweredRequest): boolean => status === 429;

/** What has been noted of one connection and is not written yet. Times are unix milliseconds. */
export interface Tally {
  readonly sender: Pick<Sender, 'organization' | 'connection'>;
  firstAt: number | null;
  lastAt: number | null;
  successAt: number | null;
  failureAt: number | null;
  failureCode: string | null;
  /** Failures since the last success of this tally. */
  streak: number;
  turnedAwayAt: number | null;
  readonly secrets: Map<string, number>;
  /** By `day operation outcome`. */
  readonly counts: Map<string, number>;
  /** The last ones, the oldest first. */
  readonly requests: AnsweredRequest[];
}

export const emptyTally = ({ organization, connection }: Tally['sender']): Tally => ({
  sender: { organization, connection },
  firstAt: null,
  lastAt: null,
  successAt: null,
  failureAt: null,
  failureCode: null,
  streak: 0,
  turnedAwayAt: null,
  secrets: new Map(),
  counts: new Map(),
  requests: [],
});

const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

function countOne(tally: Tally, at: number, what: string): void {
  const key = `${dayOf(at)} ${what}`;
  tally.counts.set(key, (tally.counts.get(key) ?? 0) + 1);
}

/** @returns by how many the requests that are kept have become more */
export function noteAnswer(tally: Tally, answered: AnsweredRequest, mayKeep: boolean): number {
  const at = answered.at.getTime();
  tally.firstAt = Math.min(tally.firstAt ?? at, at);
  tally.lastAt = Math.max(tally.lastAt ?? at, at);
  if (isPutOff(answered)) {
    // Nothing is known of it.
  } else if (isFailure(answered)) {
    tally.streak += 1;
    tally.failureAt = Math.max(tally.failureAt ?? at, at);
    tally.failureCode = answered.code ?? String(answered.status);
  } else {
    tally.streak = 0;
    tally.successAt = Math.max(tally.successAt ?? at, at);
  }
  const { secret } = answered.sender;
  if (secret !== null) tally.secrets.set(secret, Math.max(tally.secrets.get(secret) ?? at, at));
  countOne(tally, at, `${answered.operation} ${outcomeOf(answered.status)}`);
  if (!mayKeep && tally.requests.length === 0) return 0;
  tally.requests.push(answered);
  if (mayKeep && tally.requests.length <= REQUESTS_KEPT) return 1;
  tally.requests.shift();
  return 0;
}

export function noteTurnedAway(tally: Tally, at: number): void {
  tally.turnedAwayAt = Math.max(tally.turnedAwayAt ?? at, at);
  countOne(tally, at, 'door turned_away');
}
