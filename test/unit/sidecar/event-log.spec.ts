// P9: fail closed; whatever a gateway refuses to believe is said aloud, and without anybody's secrets.
import { describe, expect, it } from '@jest/globals';
import type { GatewayEvent } from '../../../src/gateway/index.js';
import { EventLog } from '../../../src/sidecar/event-log.js';
import { Tally } from '../../../src/sidecar/tally.js';
import { FakeClock } from '../../support/fake-clock.js';
import { RememberingLog } from '../../support/remembering-log.js';
import { ALLOW_FOREIGN } from '../../support/scripted-gateway.js';

function listening() {
  const [log, tally, clock] = [new RememberingLog(), new Tally(), new FakeClock()];
  const { report } = new EventLog(log, tally, () => clock.monotonicMs());
  return { log, tally, clock, report };
}

const error = new Error('away');

describe('what a gateway reports', () => {
  it.each<[GatewayEvent, string]>([
    [{ kind: 'lease.failed', isRefused: false, error }, 'lease_failed'],
    [{ kind: 'lease.failed', isRefused: true, error }, 'lease_refused'],
    [{ kind: 'lease.not-kept', error }, 'lease_not_kept'],
    [{ kind: 'keys.failed', error }, 'keys_failed'],
    [{ kind: 'source.failed', error }, 'source_failed'],
    [{ kind: 'receipts.failed', error }, 'receipts_failed'],
    [{ kind: 'source.sought', partition: 1, why: 'gap' }, 'reading_again_gap'],
    [{ kind: 'view.alarm', partition: 1, alarm: 'future' }, 'view_future'],
    [{ kind: 'messages.refused', partition: 1, count: 1 }, 'messages_refused'],
  ])('is counted each time and written once in a while: %j', (event, alarm) => {
    const { log, tally, clock, report } = listening();
    for (let i = 0; i < 60; i += 1) {
      report(event);
      clock.advance(1_000);
    }
    expect(tally.alarms.get(alarm)).toBe(60);
    expect(log.lines).toHaveLength(2);
    expect(log.lines[0]).toMatchObject({ fields: { alarm } });
  });

  it('says of issuers whose older keys stay that they do, whatever it has just said', () => {
    const { log, report } = listening();
    for (const isOlderLeft of [false, true, true])
      report({ kind: 'issuers.not-kept', error, isOlderLeft });
    expect(log.lines.map(({ fields }) => fields)).toEqual([
      { alarm: 'issuers_not_kept', error, older: false },
      { alarm: 'issuers_not_kept', error, older: true },
    ]);
  });

  it('counts every refused message', () => {
    const { tally, report } = listening();
    report({ kind: 'messages.refused', partition: 0, count: 40 });
    expect(tally.alarms.get('messages_refused')).toBe(40);
  });

  it('says once that there is a lease, and again after it was gone', () => {
    const { log, report } = listening();
    report({ kind: 'lease.renewed', id: 'g' });
    report({ kind: 'lease.renewed', id: 'g' });
    report({ kind: 'lease.failed', isRefused: false, error });
    report({ kind: 'lease.renewed', id: 'g' });
    expect(log.lines.map(({ level }) => level)).toEqual(['info', 'warn', 'info']);
  });

  it('names a revoked token that is used by ids only', () => {
    const { log, tally, report } = listening();
    const gen = { o: 1, u: 1, d: 1, f: 1 };
    const claims = {
      iss: 'i',
      aud: 'a',
      sub: 's',
      client_id: 'd',
      did: 'd',
      org: 'o',
      fam: 'f',
      jti: 'j',
      iat: 1,
      exp: 2,
      scope: 'x',
      gen,
    };
    const event: GatewayEvent = {
      kind: 'token.used-after-revoke',
      use: { reason: 'revoked.user', claims },
    };
    report(event);
    report(event);
    expect(tally.usedAfterRevoke).toBe(2);
    expect(log.lines).toEqual([
      {
        level: 'warn',
        message: 'a revoked token was used',
        fields: {
          alarm: 'use_after_revoke',
          reason: 'revoked.user',
          org: 'o',
          user: 's',
          device: 'd',
          family: 'f',
        },
      },
    ]);
  });

  it('names somebody of a foreign issuer by what records call them, and not by their address', () => {
    const { log, tally, report } = listening();
    const { claims } = ALLOW_FOREIGN;
    report({ kind: 'token.used-after-revoke', use: { reason: 'revoked.ext', claims } });
    expect(tally.usedAfterRevoke).toBe(1);
    expect(JSON.stringify(log.lines)).not.toContain(claims.sub);
    expect(log.lines[0]?.fields).toEqual({
      alarm: 'use_after_revoke',
      reason: 'revoked.ext',
      org: 'the-org',
      issuer: 'https://idp.example',
      subject: 'the-hash',
    });
  });
});
