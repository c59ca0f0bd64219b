// P3: whoever is to be called is called: what alert rules and dashboard ask for is what service and gateway say.
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'yaml';
import { sidecarMetrics } from '../../src/sidecar/sidecar-metrics.js';
import { Tally } from '../../src/sidecar/tally.js';
import { AdminApp } from '../support/admin-app.js';
import { inProject } from '../support/from-source.js';
import { ScriptedGateway } from '../support/scripted-gateway.js';

const RULES = inProject('ops/prometheus/offswitch.rules.yml');
const RULE_TESTS = inProject('ops/prometheus/offswitch.rules.test.yml');
const DASHBOARD = inProject('ops/grafana/offswitch.json');
const isInstalled = spawnSync('promtool', ['--version']).error === undefined;

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly description: string };
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly description: string;
  readonly targets: readonly { readonly expr: string }[];
}

const rules = (
  parse(readFileSync(RULES, 'utf8')) as { groups: { name: string; rules: Rule[] }[] }
).groups.flatMap((group) => group.rules);
const dashboard = JSON.parse(readFileSync(DASHBOARD, 'utf8')) as { panels: Panel[] };
const expressions = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...dashboard.panels.flatMap(({ title, targets }) =>
    targets.map(({ expr }) => [title, expr] as const),
  ),
];

const WORDS = ['and', 'or', 'unless', 'offset', 'bool', 'by', 'without', 'on', 'ignoring'];

/** The metrics of an expression: what is left of its words without labels, functions, texts and durations. */
function metricsIn(expr: string): string[] {
  const bare = expr
    .replaceAll(/"[^"]*"/g, '')
    .replaceAll(/\{[^}]*\}|\[[^\]]*\]/g, '')
    .replaceAll(/\b(by|without|on|ignoring)\s*\([^)]*\)/g, '')
    .replaceAll(/\b\d[\w.]*/g, '');
  return [...bare.matchAll(/[a-z_:][\w:]*(?!\w)(?!\s*\()/gi)]
    .map(([name]) => name)
    .filter((name) => !WORDS.includes(name));
}

/** What a registry's text declares; a histogram is asked for by its parts. */
const declared = (text: string): string[] =>
  [...text.matchAll(/^# TYPE (\S+) (\S+)$/gm)].flatMap(([, name = '', type]) =>
    type === 'histogram' ? ['_bucket', '_sum', '_count'].map((part) => name + part) : [name],
  );

let app: AdminApp;
let exported: ReadonlySet<string>;

beforeAll(async () => {
  app = await AdminApp.start();
  const service = await (await fetch(`${app.url}/metrics`)).text();
  const sidecar = await sidecarMetrics(new ScriptedGateway(), new Tally()).metrics();
  exported = new Set([...declared(service), ...declared(sidecar)]);
});
afterAll(() => app.stop());

describe('what is asked for', () => {
  it.each(expressions)('by "%s" is exported: %s', (_, expr) => {
    const asked = metricsIn(expr);
    expect(asked.length).toBeGreaterThan(0);
    expect(asked.filter((name) => !exported.has(name))).toEqual([]);
  });

  it('is found in an expression whatever stands around it', () => {
    expect(
      metricsIn('time() - max by (partition) (a_b{x=~"c|d"}[5m] offset 5m) > 5 unless e_total'),
    ).toEqual(['a_b', 'e_total']);
    expect(metricsIn('histogram_quantile(0.99, sum by (le) (rate(h_bucket[$__r])))')).toEqual([
      'h_bucket',
    ]);
  });

  it('has the names that are promised to operators', () => {
    const asked = new Set(expressions.flatMap(([, expr]) => metricsIn(expr)));
    for (const name of [
      'revocation_commit_to_ack_seconds_bucket',
      'revocation_end_to_end_seconds_bucket',
      'gateway_view_age_seconds',
      'gateway_denied_total',
      'outbox_oldest_age_seconds',
      'use_after_revoke_total',
      'unconfirmed_gateways',
    ]) {
      expect([name, asked.has(name)]).toEqual([name, true]);
      expect([name, exported.has(name)]).toEqual([name, true]);
    }
  });

  it('stands in docs/operations.md only if it is exported', () => {
    const page = readFileSync(inProject('docs/operations.md'), 'utf8');
    const [, table = ''] = /(\n\| metric .*?)\n\n/s.exec(page) ?? [];
    const named = [...table.matchAll(/`([a-z_]+)(?:\{[a-z]+\})?`/g)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(8);
    const known = (name: string) => exported.has(name) || exported.has(`${name}_count`);
    expect(named.filter((name) => !known(name))).toEqual([]);
  });
});

describe('an alert', () => {
  it('has a name of its own, a severity, and words for whoever is called', () => {
    expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
    for (const { alert, labels, annotations } of rules)
      expect([alert, labels.severity, annotations]).toEqual([
        alert,
        expect.stringMatching(/^(critical|warning|info)$/),
        { summary: expect.stringMatching(/\S/), description: expect.stringMatching(/\S/) },
      ]);
  });

  it('stands in docs/alarms.md with what to do', () => {
    const page = readFileSync(inProject('docs/alarms.md'), 'utf8');
    const [, section = ''] = page.split('\n## Prometheus\n');
    const named = [...section.matchAll(/^\| `(\w+)`/gm)].map(([, name]) => name);
    expect(named).toEqual(rules.map(({ alert }) => alert));
  });
});

it('each panel of the dashboard has a number, a title and a description of its own', () => {
  const { panels } = dashboard;
  expect(panels.length).toBeGreaterThan(5);
  for (const key of ['id', 'title', 'description'] as const)
    expect(new Set(panels.map((panel) => panel[key])).size).toBe(panels.length);
});

(isInstalled ? it : it.skip)(
  'promtool finds the rules sound, and they fire when they should',
  () => {
    const promtool = (...parameters: string[]) =>
      execFileSync('promtool', parameters, { encoding: 'utf8' });
    expect(promtool('check', 'rules', RULES)).toContain('SUCCESS');
    expect(promtool('test', 'rules', RULE_TESTS)).toContain('SUCCESS');
  },
);
