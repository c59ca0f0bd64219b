import { HEALTH_STATES, type ConnectionHealth, type SeenRequest } from '../../directory/index.js';
import { id, listOf, object, oneOf, orNull, text, time, whole, type Schema } from './schema.js';

const since = orNull(time);

export const connectionHealthSchema = object({
  org: id,
  connection: id,
  state: oneOf(HEALTH_STATES),
  first_request_at: since,
  last_request_at: since,
  last_success_at: since,
  last_failure_at: since,
  last_failure_code: orNull(text),
  error_streak: whole,
  last_turned_away_at: since,
  silence_after_s: orNull(whole),
  silent_since: since,
  secret_ends_at: since,
  secrets: listOf(object({ created_at: time, expires_at: since, last_used_at: since })),
  counts: listOf(object({ operation: text, outcome: text, today: whole, days_30: whole })),
});

const shown = (at: Date | null): string | null => at?.toISOString() ?? null;

export const connectionHealthView = (health: ConnectionHealth) => ({
  org: health.name.organization,
  connection: health.name.id,
  state: health.state,
  first_request_at: shown(health.firstRequestAt),
  last_request_at: shown(health.lastRequestAt),
  last_success_at: shown(health.lastSuccessAt),
  last_failure_at: shown(health.lastFailureAt),
  last_failure_code: health.lastFailureCode,
  error_streak: health.errorStreak,
  last_turned_away_at: shown(health.lastTurnedAwayAt),
  silence_after_s: health.silenceAfterS,
  silent_since: shown(health.silentSince),
  secret_ends_at: shown(health.secretEndsAt),
  secrets: health.secrets.map((secret) => ({
    created_at: secret.createdAt.toISOString(),
    expires_at: shown(secret.expiresAt),
    last_used_at: shown(secret.lastUsedAt),
  })),
  counts: health.counts.map(({ operation, outcome, today, days30 }) => ({
    operation,
    outcome,
    today,
    days_30: days30,
  })),
});

/** What a request named: `operations`, `names`, `filter`, `events` …, as its kind has it. */
const named: Schema = { type: ['object', 'null'] };

export const seenRequestSchema = object({
  id,
  at: time,
  method: text,
  route: text,
  operation: text,
  status: whole,
  code: orNull(text),
  ms: { type: 'number' },
  named,
});

export const seenRequestView = ({ at, ...request }: SeenRequest) => ({
  ...request,
  at: at.toISOString(),
});
