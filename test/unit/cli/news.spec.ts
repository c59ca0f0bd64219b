// P3: what an operator is shown happened, each thing once, and no more than the case says.
import { describe, expect, it } from '@jest/globals';
import type { CaseView } from '../../../src/cases/index.js';
import { linesOf } from '../../../src/cli/gateways-command.js';
import { lineOf, newsOf } from '../../../src/cli/watch/news.js';
import type { GatewayView } from '../../../src/outbox/index.js';

const at = (ms: number): string =>
  new Date(Date.parse('2026-01-01T00:00:00.000Z') + ms).toISOString();
const REVOKED: CaseView = {
  id: 'c',
  org: 'o',
  state: 'open',
  subject: { scope: 'user', id: 'u' },
  user: 'u',
  generation: 2,
  cause: { kind: 'scim', connection: null, signal: null, actor: null, reason: null },
  counts: { devices: 1, tokens: 1 },
  timeline: {
    received_at: at(0),
    revoked_at: at(10),
    committed_at: null,
    broker_acked_at: null,
    first_enforced_at: null,
    last_enforced_at: null,
  },
  records: [],
  gateways: [],
};
const silent = { id: 'g', name: 'edge', state: 'pending', applied_at: null } as const;
const applied = (ms: number) =>
  ({ id: 'g', name: 'edge', state: 'applied', applied_at: at(ms) }) as const;
const ACKED: CaseView = {
  ...REVOKED,
  timeline: { ...REVOKED.timeline, broker_acked_at: at(12) },
  gateways: [silent, silent],
};
const HALF: CaseView = { ...ACKED, gateways: [silent, applied(20)] };
const ENFORCED: CaseView = {
  ...HALF,
  state: 'enforced',
  timeline: { ...HALF.timeline, first_enforced_at: at(20), last_enforced_at: at(30) },
  gateways: [applied(30), applied(20)],
};

describe('the news of a case', () => {
  it('are what has happened since the look before', () => {
    expect(newsOf(null, REVOKED)).toMatchObject([{ what: 'revoked', at: at(10), cause: 'scim' }]);
    expect(newsOf(REVOKED, ACKED)).toEqual([{ what: 'acknowledged', at: at(12), case: 'c' }]);
    expect(newsOf(ACKED, HALF)).toMatchObject([{ what: 'applied', at: at(20), after_ms: 10 }]);
    expect(newsOf(HALF, ENFORCED)).toMatchObject([
      { what: 'applied', at: at(30), after_ms: 20 },
      { what: 'enforced', applied: 2, gateways: 2, after_ms: 20 },
    ]);
    expect(newsOf(ENFORCED, ENFORCED)).toEqual([]);
  });

  it('are all of it, in its order, when it is over before anybody has looked', () => {
    expect(newsOf(null, ENFORCED).map(({ what }) => what)).toEqual([
      'revoked',
      'acknowledged',
      'applied',
      'applied',
      'enforced',
    ]);
  });

  it('are two answers when two processes under one name have applied it at the same moment', () => {
    const both = { ...ENFORCED, gateways: [applied(20), applied(20)] };
    expect(newsOf(HALF, both).filter(({ what }) => what === 'applied')).toHaveLength(1);
    expect(newsOf(ACKED, both).filter(({ what }) => what === 'applied')).toHaveLength(2);
  });

  it('say of somebody unknown that a case is open, and later whom it revoked', () => {
    const unknown: CaseView = {
      ...REVOKED,
      subject: null,
      generation: null,
      timeline: { ...REVOKED.timeline, revoked_at: null },
    };
    const news = newsOf(null, unknown);
    expect(news).toMatchObject([{ what: 'opened', subject: null }]);
    expect(lineOf(news[0]!)).toContain('somebody unknown');
    expect(newsOf(unknown, unknown)).toEqual([]);
    expect(newsOf(unknown, REVOKED)).toMatchObject([{ what: 'revoked', subject: { id: 'u' } }]);
  });

  it('tell when a bounded case is enforced after all', () => {
    const bounded: CaseView = { ...HALF, state: 'bounded' };
    expect(newsOf(HALF, bounded)).toMatchObject([{ what: 'bounded', applied: 1, gateways: 2 }]);
    expect(newsOf(bounded, ENFORCED).map(({ what }) => what)).toEqual(['applied', 'enforced']);
    expect(lineOf(newsOf(HALF, bounded)[0]!)).toContain('1 of 2 gateway processes');
  });
});

describe('the table of gateways', () => {
  const process = (more: Partial<GatewayView['processes'][number]> = {}) => ({
    boot: 'b',
    version: '1.0.0',
    policy: 'strict' as const,
    state: 'live' as const,
    behind: false,
    first_seen_at: at(0),
    last_seen_at: at(0),
    lease_until: at(0),
    gone_at: null,
    view_age_ms: 1_234,
    ...more,
  });
  const gateway = (name: string, processes: GatewayView['processes']): GatewayView => ({
    id: name,
    name,
    created_at: at(0),
    processes,
  });

  it('tells fresh, behind, silent and never seen apart', () => {
    const lines = linesOf(
      [
        gateway('edge', [process(), process({ behind: true, view_age_ms: null })]),
        gateway('mars', [process({ state: 'silent', behind: true })]),
        gateway('new', []),
      ],
      Date.parse(at(2_500)),
    );
    expect(lines).toEqual([
      'GATEWAY  PROCESS  POLICY  STATE       VIEW   HEARD      VERSION',
      'edge     b        strict  fresh       1.2 s  2.5 s ago  1.0.0',
      'edge     b        strict  behind      -      2.5 s ago  1.0.0',
      'mars     b        strict  silent      1.2 s  2.5 s ago  1.0.0',
      'new      -        -       never seen  -      -          -',
      '3 gateways, 2 processes live, 1 of them behind',
    ]);
  });
});
