// P9: whoever guesses at a door is counted, answered late and alarmed, and those who succeed wait for nobody.
import { describe, expect, it } from '@jest/globals';
import { Refusals, type LogId, type Refusal } from '../../../src/audit/index.js';
import { FailedAttempts } from '../../../src/directory/index.js';
import type { FailedAttempt } from '../../../src/directory/failed-attempts.js';
import { newId, type ConnectionId, type OrganizationId } from '../../../src/kernel/ids.js';
import { FakeClock } from '../../support/fake-clock.js';
import { RememberedTraffic } from '../../support/remembered-traffic.js';
import { RememberingLog } from '../../support/remembering-log.js';

class CountedRefusals extends Refusals {
  readonly all: Refusal[] = [];
  override count(refusal: Refusal): void {
    this.all.push(refusal);
  }
}

const connection = {
  organization: newId<OrganizationId>(),
  connection: newId<ConnectionId>(),
};
const attempt = (more: Partial<FailedAttempt> = {}): FailedAttempt => ({
  door: 'scim',
  reason: 'credential.invalid',
  from: '192.0.2.1',
  credential: null,
  connection: null,
  ...more,
});

function door(lateMs = 60_000) {
  const [clock, log] = [new FakeClock(), new RememberingLog()];
  const [refusals, traffic] = [new CountedRefusals(), new RememberedTraffic()];
  const installation = 'the installation' as LogId;
  const attempts = new FailedAttempts({ refusals, traffic, clock, log, installation, lateMs });
  /** How many of them are answered at once. */
  const soon = async (all: readonly FailedAttempt[]): Promise<number> => {
    let answered = 0;
    for (const one of all) void attempts.note(one).then(() => (answered += 1));
    await new Promise(setImmediate);
    return answered;
  };
  return { clock, log, refusals, traffic, attempts, soon };
}
const times = <T>(n: number, make: (i: number) => T): T[] =>
  Array.from({ length: n }, (_, i) => make(i));

describe('failed attempts', () => {
  it('are counted, by their connection where there is one', async () => {
    const { soon, refusals, traffic } = door();
    await soon([attempt(), attempt({ connection })]);
    expect(refusals.all).toEqual([
      { log: 'the installation', connection: null, door: 'scim', reason: 'credential.invalid' },
      {
        log: connection.organization,
        connection: connection.connection,
        door: 'scim',
        reason: 'credential.invalid',
      },
    ]);
    expect(traffic.refused).toEqual([connection]);
  });

  it.each<[string, (i: number) => Partial<FailedAttempt>]>([
    ['from one place', () => ({})],
    ['of one secret, from everywhere', (i) => ({ from: `host ${i}`, credential: 'a secret' })],
    ['at one connection, from everywhere', (i) => ({ from: `host ${i}`, connection })],
  ])('are answered late from the fifty-first on, and alarmed once: %s', async (_, more) => {
    const { soon, log } = door(1);
    const waiting = door();
    expect(await waiting.soon(times(60, (i) => attempt(more(i))))).toBe(50);
    await soon(times(60, (i) => attempt(more(i))));
    const alarms = log.lines.filter(({ fields }) => fields['alarm'] === 'credentials_guessed');
    expect(alarms).toHaveLength(1);
    expect(JSON.stringify(log.lines)).not.toMatch(/192\.0\.2\.1|host|a secret/);
  });

  it('of many places and secrets are answered at once', async () => {
    const { soon, log } = door();
    const all = times(1_000, (i) => attempt({ from: `host ${i}`, credential: `secret ${i}` }));
    expect(await soon(all)).toBe(1_000);
    expect(log.lines).toEqual([]);
  });

  it('are answered at once again when there have been none for a while, and alarmed anew', async () => {
    const { soon, clock, log } = door(1);
    await soon(times(60, () => attempt()));
    clock.advance(600_000);
    await soon(times(50, () => attempt()));
    expect(log.lines).toHaveLength(1);
    await soon([attempt()]);
    expect(log.lines).toHaveLength(2);
  });

  it('hold two hundred connections open at most', async () => {
    const { soon } = door();
    expect(await soon(times(1_000, () => attempt()))).toBe(800);
  });
});
