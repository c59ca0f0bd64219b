import type { AnsweredRequest, Named } from '../connection-traffic.js';
import type { Tally } from '../domain/traffic.js';

/** What one write says, in the form that its statements take. It is made once, however often it is sent. */
export interface Batch {
  readonly writer: string;
  readonly seq: number;
  readonly seen: readonly object[];
  readonly counts: readonly object[];
  readonly secrets: readonly object[];
  readonly requests: readonly object[];
}

/** So much of what a request named is kept. */
const MOST_NAMED = 4_096;

const timeOf = (ms: number | null): string | null =>
  ms === null ? null : new Date(ms).toISOString();

/** In the order of connections: two replicas that write at once wait for each other and never both. */
export function batchOf(mark: Pick<Batch, 'writer' | 'seq'>, unordered: readonly Tally[]): Batch {
  const tallies = [...unordered].sort((a, b) =>
    a.sender.connection < b.sender.connection ? -1 : 1,
  );
  const own = ({ sender }: Tally) => ({
    organization_id: sender.organization,
    connection_id: sender.connection,
  });
  return {
    ...mark,
    seen: tallies.map((tally) => ({
      ...own(tally),
      first_at: timeOf(tally.firstAt),
      last_at: timeOf(tally.lastAt),
      success_at: timeOf(tally.successAt),
      failure_at: timeOf(tally.failureAt),
      failure_code: tally.failureCode,
      streak: tally.streak,
      turned_away_at: timeOf(tally.turnedAwayAt),
    })),
    counts: tallies.flatMap((tally) =>
      [...tally.counts].sort().map(([key, count]) => {
        const [day, operation, outcome] = key.split(' ');
        return { ...own(tally), day, operation, outcome, count };
      }),
    ),
    secrets: tallies.flatMap((tally) =>
      [...tally.secrets].sort().map(([id, at]) => ({ ...own(tally), id, at: timeOf(at) })),
    ),
    requests: tallies.flatMap((tally) =>
      tally.requests.map((request) => ({ ...own(tally), ...requestRow(request) })),
    ),
  };
}

const requestRow = (request: AnsweredRequest) => ({
  id: request.requestId,
  at: request.at.toISOString(),
  method: request.method,
  route: request.route,
  operation: request.operation,
  status: request.status,
  code: request.code,
  ms: request.ms,
  named: namedIn(request),
});

/** What cannot be read says nothing: nobody's request is kept back by it, and nothing of it gets out. */
function namedIn({ named }: AnsweredRequest): Named | null {
  try {
    const said = named?.() ?? null;
    return said === null || JSON.stringify(said).length > MOST_NAMED ? null : said;
  } catch {
    return null;
  }
}
