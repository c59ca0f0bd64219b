import type { CaseView } from '../../cases/index.js';

/** One thing that has happened to a case since it was looked at before. */
export type News =
  | {
      readonly what: 'revoked' | 'opened';
      readonly at: string;
      readonly case: string;
      readonly org: string;
      readonly subject: CaseView['subject'];
      readonly generation: number | null;
      readonly cause: string;
    }
  | { readonly what: 'acknowledged'; readonly at: string; readonly case: string }
  | {
      readonly what: 'applied';
      readonly at: string;
      readonly case: string;
      readonly gateway: string;
      readonly name: string;
      /** Since the revocation; clocks of two machines. */
      readonly after_ms: number | null;
    }
  | {
      readonly what: 'enforced' | 'bounded' | 'unconfirmed';
      readonly case: string;
      readonly applied: number;
      readonly gateways: number;
      readonly after_ms: number | null;
    };

/** What is new in a case, in the order in which it happened. @param before null when it was not there yet */
export function newsOf(before: CaseView | null, after: CaseView): News[] {
  const news: News[] = [];
  const { id, timeline, state } = after;
  const common = {
    case: id,
    org: after.org,
    subject: after.subject,
    generation: after.generation,
    cause: after.cause.kind,
  };
  if (timeline.revoked_at !== null && (before?.timeline.revoked_at ?? null) === null)
    news.push({ what: 'revoked', at: timeline.revoked_at, ...common });
  else if (before === null) news.push({ what: 'opened', at: timeline.received_at, ...common });
  if (timeline.broker_acked_at !== null && (before?.timeline.broker_acked_at ?? null) === null)
    news.push({ what: 'acknowledged', at: timeline.broker_acked_at, case: id });
  news.push(...answersIn(before, after));
  if (state !== 'open' && state !== before?.state)
    news.push({
      what: state,
      case: id,
      applied: after.gateways.filter((gateway) => gateway.state === 'applied').length,
      gateways: after.gateways.length,
      after_ms: between(timeline.revoked_at, timeline.last_enforced_at),
    });
  return news;
}

/** Two processes under one name are two answers. */
function answersIn(before: CaseView | null, after: CaseView): News[] {
  const known = (before?.gateways ?? []).map(nameOf);
  const fresh = after.gateways.filter((gateway) => {
    if (gateway.applied_at === null) return false;
    const at = known.indexOf(nameOf(gateway));
    if (at !== -1) known.splice(at, 1);
    return at === -1;
  });
  return fresh
    .map(({ id, name, applied_at }) => ({ id, name, at: applied_at ?? '' }))
    .sort((a, b) => a.at.localeCompare(b.at))
    .map(({ id, name, at }) => ({
      what: 'applied',
      at,
      case: after.id,
      gateway: id,
      name,
      after_ms: between(after.timeline.revoked_at, at),
    }));
}

const nameOf = ({ id, applied_at }: CaseView['gateways'][number]): string =>
  `${id} ${applied_at ?? ''}`;

const between = (from: string | null, to: string | null): number | null =>
  from === null || to === null ? null : Date.parse(to) - Date.parse(from);

/** A line for people. */
export function lineOf(news: News): string {
  switch (news.what) {
    case 'revoked':
    case 'opened': {
      const { at, org, subject, generation, cause } = news;
      const whom = subject === null ? 'somebody unknown' : `${subject.scope} ${subject.id}`;
      const to = generation === null ? '' : `  generation ${generation}`;
      return `${at}  ${padded(news.what)} ${whom}${to}  by ${cause}  org ${org}  case ${news.case}`;
    }
    case 'acknowledged':
      return `${news.at}  ${padded(news.what)} by the broker  case ${news.case}`;
    case 'applied':
      return `${news.at}  ${padded(news.what)} by ${news.name}${later(news.after_ms)}  case ${news.case}`;
    case 'enforced':
    case 'bounded':
    case 'unconfirmed':
      return `${' '.repeat(24)}  ${padded(news.what)} ${news.applied} of ${news.gateways} gateway processes${later(news.after_ms)}  case ${news.case}`;
  }
}

const padded = (what: News['what']): string => what.padEnd(12);
const later = (ms: number | null): string => (ms === null ? '' : `  +${ms} ms`);
