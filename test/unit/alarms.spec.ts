// P9: fail closed. What is refused is alarmed, and whoever is called finds written down what to do.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import type { GatewayEvent } from '../../src/gateway/index.js';
import { ALARMS } from '../../src/platform/log/alarms.js';
import { MetricsModule } from '../../src/platform/metrics/metrics.module.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import { EventLog } from '../../src/sidecar/event-log.js';
import { Tally } from '../../src/sidecar/tally.js';
import { inProject } from '../support/from-source.js';
import { RememberingLog } from '../support/remembering-log.js';

const [, service = '', gateway = ''] = readFileSync(inProject('docs/alarms.md'), 'utf8').split(
  /^## .*$/m,
);
const codesIn = (text: string): string[] =>
  [...text.matchAll(/^\| `(\S+)`/gm)].map(([, code = '']) => code);

const sources = readdirSync(inProject('src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.ts'))
  .map((file) => readFileSync(inProject(`src/${file}`), 'utf8'));

describe('the alarms of the service', () => {
  it('are those of the page, each one explained', () => {
    expect(codesIn(service)).toEqual([...ALARMS]);
  });

  it('are all raised somewhere', () => {
    const raised = sources.flatMap((text) =>
      [...text.matchAll(/(?:\.alarm|#alarmed)\(\s*'(\w+)'/g)].map(([, code]) => code),
    );
    expect([...new Set(raised)].sort()).toEqual([...ALARMS]);
  });

  it('are written with their code and counted, those that were never raised too', async () => {
    const log = new RememberingLog();
    const metrics = (MetricsModule.forProcess(log).providers ?? [])
      .map((provider) => ('useValue' in provider ? (provider.useValue as unknown) : null))
      .find((value) => value instanceof Metrics);
    log.alarm('signal_person_unknown', 'who?', { signal: 'a signal' });
    log.alarm('signal_person_unknown', 'who?');
    expect(log.lines[0]).toEqual({
      level: 'error',
      message: 'who?',
      fields: { alarm: 'signal_person_unknown', signal: 'a signal' },
    });
    const { text } = await metrics!.text();
    expect(text).toContain('offswitch_alarms_total{alarm="signal_person_unknown"} 2');
    expect(text).toContain('offswitch_alarms_total{alarm="active_unreadable"} 0');
  });
});

const error = new Error('away');
const partition = 0;
/** Every event that a gateway can report: a new kind does not compile before it stands here. */
const events: Readonly<Record<GatewayEvent['kind'], readonly GatewayEvent[]>> = {
  'lease.renewed': [{ kind: 'lease.renewed', id: 'a gateway' }],
  'lease.restored': [{ kind: 'lease.restored' }],
  'lease.failed': [true, false].map((isRefused) => ({ kind: 'lease.failed', isRefused, error })),
  'issuers.not-kept': [{ kind: 'issuers.not-kept', error, isOlderLeft: false }],
  'goodbye.failed': [{ kind: 'goodbye.failed', error }],
  'lease.not-kept': [{ kind: 'lease.not-kept', error }],
  'view.restored': [{ kind: 'view.restored', size: 1 }],
  'view.discarded': [{ kind: 'view.discarded', why: 'damaged' }],
  'view.not-kept': [{ kind: 'view.not-kept', error }],
  'keys.failed': [{ kind: 'keys.failed', error }],
  'introspection.failed': [{ kind: 'introspection.failed', error }],
  'stream.not-closed': [{ kind: 'stream.not-closed', error }],
  'source.failed': [{ kind: 'source.failed', error }],
  'source.stands-in': [{ kind: 'source.stands-in', isStandingIn: true }],
  'record.repaired': [{ kind: 'record.repaired', digest: 'a digest' }],
  'feed.refused': [{ kind: 'feed.refused', why: 'gap' }],
  'receipts.failed': [{ kind: 'receipts.failed', error }],
  'source.sought': [{ kind: 'source.sought', partition, why: 'offset-gap' }],
  'messages.refused': [{ kind: 'messages.refused', partition, count: 1 }],
  'view.alarm': viewAlarms().map((alarm) => ({ kind: 'view.alarm', alarm, partition })),
  'token.used-after-revoke': [
    {
      kind: 'token.used-after-revoke',
      use: { reason: 'revoked', claims: {} },
    } as unknown as GatewayEvent,
  ],
};

type ViewAlarm = Extract<GatewayEvent, { kind: 'view.alarm' }>['alarm'];
function viewAlarms(): ViewAlarm[] {
  const all: Readonly<Record<ViewAlarm, true>> = {
    conflict: true,
    foreign: true,
    future: true,
    newer: true,
    outdated: true,
    repair: true,
  };
  return Object.keys(all) as ViewAlarm[];
}

describe('the alarms of a gateway', () => {
  it('are those of the page, each one explained', () => {
    const log = new RememberingLog();
    const { report } = new EventLog(log, new Tally(), () => 0);
    for (const event of Object.values(events).flat()) report(event);
    const codes = log.lines.flatMap(({ fields }) => fields['alarm'] ?? []) as string[];
    const known = codes.map((code) => code.replace(/^reading_again_.*/, 'reading_again_…'));
    expect([...new Set(known)].sort()).toEqual(codesIn(gateway).sort());
  });
});
