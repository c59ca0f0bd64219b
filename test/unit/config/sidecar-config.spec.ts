// P9: fail closed; a gateway that was told half of what it needs does not start.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { ConfigRefused } from '../../../src/config/config.js';
import { readSidecarConfig } from '../../../src/config/sidecar-config.js';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'sidecar-config-'));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

const KEY = 'ofs_gateway_visibly_fake';
const away = {
  OFFSWITCH_URL: 'https://offswitch.example',
  OFFSWITCH_GATEWAY_KEY: KEY,
  KAFKA_BROKERS: 'a.example:9092,b.example:9092',
};
const problemsOf = (...args: Parameters<typeof readSidecarConfig>): readonly string[] => {
  try {
    readSidecarConfig(...args);
    return [];
  } catch (error) {
    if (error instanceof ConfigRefused) return error.problems;
    throw error;
  }
};

describe('what a sidecar is told', () => {
  it('leads to a service elsewhere', () => {
    const config = readSidecarConfig({ ...away, OFFSWITCH_HOME: home });
    expect(config).toMatchObject({
      listen: { host: '127.0.0.1', port: 8421 },
      id: 'gateway',
      policy: 'strict',
      source: 'chained',
      service: { url: 'https://offswitch.example' },
      kafka: { brokers: ['a.example:9092', 'b.example:9092'], tls: false, sasl: null },
      home,
      keepViewMs: 10_000,
      logLevel: 'info',
    });
    expect(config.service.key.reveal()).toBe(KEY);
  });

  it('leads to the service that was started in the home', () => {
    const local = {
      url: 'http://127.0.0.1:8420',
      adminKey: 'ofs_admin_visibly_fake',
      gatewayKey: KEY,
      databaseUrl: 'postgres://127.0.0.1/offswitch',
      kafkaBrokers: '127.0.0.1:9092',
    };
    writeFileSync(join(home, 'local.json'), JSON.stringify(local));
    const flags = { listen: '[::1]:0', id: 'edge-1', policy: 'best-effort' };
    const config = readSidecarConfig({ OFFSWITCH_HOME: home }, flags);
    expect(config).toMatchObject({
      listen: { host: '::1', port: 0 },
      id: 'edge-1',
      policy: 'best-effort',
      service: { url: local.url },
      kafka: { brokers: ['127.0.0.1:9092'] },
    });
  });

  it('may be a Unix socket', () => {
    const config = readSidecarConfig(away, { listen: 'unix:/run/offswitch/gateway.sock' });
    expect(config.listen).toEqual({ path: '/run/offswitch/gateway.sock' });
    expect(config.extAuthz).toBeUndefined();
    const checked = readSidecarConfig(away, { 'ext-authz': 'unix:/run/envoy.sock' });
    expect(checked.extAuthz).toEqual({ path: '/run/envoy.sock' });
  });

  it('may come from files, and never shows a secret', () => {
    const file = join(home, 'secret');
    writeFileSync(file, `${KEY}\n`);
    const config = readSidecarConfig({
      ...away,
      OFFSWITCH_GATEWAY_KEY: '',
      OFFSWITCH_GATEWAY_KEY_FILE: file,
      KAFKA_TLS: 'true',
      KAFKA_SASL_MECHANISM: 'scram-sha-512',
      KAFKA_SASL_USERNAME: 'gateway',
      KAFKA_SASL_PASSWORD: 'visibly fake',
    });
    expect(config.service.key.reveal()).toBe(KEY);
    expect(config.kafka.sasl?.password.reveal()).toBe('visibly fake');
    expect(inspect(config, { depth: 9 }) + JSON.stringify(config)).not.toMatch(/fake/);
  });

  it.each<[string, Record<string, string>, Record<string, string>, string[]]>([
    ['nothing', {}, {}, ['OFFSWITCH_URL']],
    [
      'a URL alone',
      { OFFSWITCH_URL: 'http://127.0.0.1' },
      {},
      ['OFFSWITCH_GATEWAY_KEY', 'KAFKA_BROKERS'],
    ],
    ['no URL', { ...away, OFFSWITCH_URL: 'offswitch' }, {}, ['OFFSWITCH_URL']],
    [
      'another key',
      { ...away, OFFSWITCH_GATEWAY_KEY: 'ofs_admin_x' },
      {},
      ['OFFSWITCH_GATEWAY_KEY'],
    ],
    ['a broker without a port', { ...away, KAFKA_BROKERS: 'a' }, {}, ['KAFKA_BROKERS']],
    [
      'a key in two places',
      { ...away, OFFSWITCH_GATEWAY_KEY_FILE: '/x' },
      {},
      ['OFFSWITCH_GATEWAY_KEY'],
    ],
    [
      'SASL without a name',
      { ...away, KAFKA_SASL_MECHANISM: 'plain' },
      {},
      ['KAFKA_SASL_USERNAME', 'KAFKA_SASL_PASSWORD'],
    ],
    ['an unknown policy', away, { policy: 'lenient' }, ['--policy']],
    ['an unknown source', away, { source: 'pigeons' }, ['--source']],
    ['a listener without a port', away, { listen: 'localhost' }, ['--listen']],
    ['checks on no address', away, { 'ext-authz': 'unix:' }, ['--ext-authz']],
    ['checks on a port that is none', away, { 'ext-authz': '[::1]:70000' }, ['--ext-authz']],
    ['a port that is none', away, { listen: 'localhost:70000' }, ['--listen']],
    ['an id that is a path', away, { id: '../elsewhere' }, ['--id']],
  ])('is refused by name when it is %s', (_, variables, flags, names) => {
    const problems = problemsOf({ OFFSWITCH_HOME: home, ...variables }, flags);
    for (const name of names) expect(problems.join('\n')).toContain(`${name}:`);
    expect(problems.join('\n')).not.toContain('ofs_admin_x');
  });
});
