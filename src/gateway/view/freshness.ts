/** Why a view that was loaded cannot be called fresh. */
export type Staleness =
  /** A partition has not reached as far back, or as far forward, as it must. */
  | 'catching-up'
  /** A watermark or a listed record is missing. */
  | 'incomplete'
  /** A recovery has raised the epoch, and a partition still stands in an older one. */
  | 'epoch'
  /** Nothing has been followed yet; a process before this one knew more. */
  | 'restored'
  /** Nothing is known to be missing, but the last word is older than S. */
  | 'old';

/** Ages are milliseconds since T on the worst partition, clock skew included. */
export type Freshness =
  | { readonly state: 'fresh'; readonly ageMs: number }
  | { readonly state: 'stale'; readonly ageMs: number; readonly why: Staleness }
  /** A watermark claims a time that has not come: somebody's clock is wrong. */
  | { readonly state: 'unusable' }
  | { readonly state: 'unloaded' };

/** Topic and feed each prove freshness by themselves; of two old ones the younger counts. */
export function fresherOf(feed: Freshness | null, topic: Freshness): Freshness {
  if (feed?.state === 'fresh') return feed;
  if (feed === null || topic.state === 'fresh' || topic.state === 'unusable') return topic;
  if (topic.state !== 'stale' || feed.state !== 'stale') return feed;
  return feed.ageMs <= topic.ageMs ? feed : topic;
}
