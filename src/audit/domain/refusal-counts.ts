import type { EntryId } from '../../kernel/ids.js';
import type { Refusal } from '../refusals.js';
import { entryOf, type AuditEntry } from './entry.js';

/** All refusals of one door, connection, reason and minute. Times are unix milliseconds. */
export interface RefusalCount {
  readonly refusal: Refusal;
  readonly minute: number;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

const MINUTE_MS = 60_000;

export const minuteOf = (ms: number): number => Math.floor(ms / MINUTE_MS) * MINUTE_MS;

export const keyOf = ({ log, connection, door, reason }: Refusal, minute: number): string =>
  `${log} ${connection ?? '-'} ${door} ${reason} ${minute}`;

/** Whose count has come to its end: no clock that runs forward adds to it any more. */
export const isOver = (counted: RefusalCount, nowMs: number): boolean =>
  counted.minute < minuteOf(nowMs);

export const refusalEntry = (id: EntryId, counted: RefusalCount): AuditEntry =>
  entryOf({
    id,
    org: counted.refusal.log,
    at: new Date(counted.lastAt).toISOString(),
    action: 'credential.refused',
    outcome: 'refused',
    actor: { type: 'outsider', id: counted.refusal.door },
    subject:
      counted.refusal.connection === null
        ? null
        : { type: 'connection', id: counted.refusal.connection },
    connection: counted.refusal.connection,
    detail: {
      reason: counted.refusal.reason,
      count: counted.count,
      minute: new Date(counted.minute).toISOString(),
      first_at: new Date(counted.firstAt).toISOString(),
    },
  });
