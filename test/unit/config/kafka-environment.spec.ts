// P9: fail closed: half of a setting of Kafka is refused by name, before anything travels in the clear.
import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync } from 'node:crypto';
import { inspect } from 'node:util';
import { ConfigRefused } from '../../../src/config/config.js';
import { readConfig } from '../../../src/config/read-config.js';
import { readSidecarConfig } from '../../../src/config/sidecar-config.js';

const KEY = generateKeyPairSync('ed25519')
  .privateKey.export({ type: 'pkcs8', format: 'pem' })
  .toString();

/** Self-signed, of a key that nobody has kept. */
const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBejCCAR+gAwIBAgIUcl6VBuJ+3w9NPYCUUqFUuPhwvCkwCgYIKoZIzj0EAwIw
EjEQMA4GA1UEAwwHZXhhbXBsZTAeFw0yNjExMjcxNTQ2MzJaFw0zNjExMjQxNTQ2
MzJaMBIxEDAOBgNVBAMMB2V4YW1wbGUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNC
AAQEIPaZ0im9K0al4h5SLQ2uggLbvSGeCD81OZr4YdCqzhCUqP7THJn8XUz2RHmA
f1jbcFm65oHUte2HoVIbdgjco1MwUTAdBgNVHQ4EFgQUPZEoPxjGC51artvGhduh
IPSQ9ikwHwYDVR0jBBgwFoAUPZEoPxjGC51artvGhduhIPSQ9ikwDwYDVR0TAQH/
BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAvtvGj+6x9Nu6scdnqxqu/jelI9+n
6LmYLJGnslPBQGMCIQDENpVytksMzns3rMAjbhxGwDDasdwdzTSPkHpY9QhcNw==
-----END CERTIFICATE-----`;

const gateway = (variables: Record<string, string>) =>
  readSidecarConfig({
    OFFSWITCH_URL: 'http://127.0.0.1:9',
    OFFSWITCH_GATEWAY_KEY: 'ofs_gateway_visibly_fake',
    KAFKA_BROKERS: 'a:9092',
    ...variables,
  });

function problemsOf(read: () => unknown): readonly string[] {
  try {
    read();
    return [];
  } catch (error) {
    return (error as ConfigRefused).problems;
  }
}

describe('how brokers are reached', () => {
  it('is in the clear unless it is asked for, and by what Node trusts unless more is said', () => {
    expect(gateway({}).kafka.tls).toBe(false);
    expect(gateway({ KAFKA_TLS: 'true' }).kafka.tls).toBe(true);
  });

  it('takes an authority, a certificate and its key, and never shows the key', () => {
    const { kafka } = gateway({
      KAFKA_TLS: 'true',
      KAFKA_TLS_CA: CERTIFICATE,
      KAFKA_TLS_CERT: CERTIFICATE,
      KAFKA_TLS_KEY: KEY,
    });
    expect(kafka.tls).toMatchObject({ ca: CERTIFICATE, certificate: CERTIFICATE });
    expect((kafka.tls as { key: { reveal(): string } }).key.reveal()).toBe(KEY);
    expect(inspect(kafka, { depth: 9 }) + JSON.stringify(kafka)).not.toContain('PRIVATE');
  });

  it.each<[string, Record<string, string>, string[]]>([
    ['an authority without TLS', { KAFKA_TLS_CA: CERTIFICATE }, ['KAFKA_TLS']],
    ['TLS that is neither', { KAFKA_TLS: 'yes' }, ['KAFKA_TLS']],
    [
      'an authority and TLS switched off',
      { KAFKA_TLS: 'false', KAFKA_TLS_CA: CERTIFICATE },
      ['KAFKA_TLS'],
    ],
    [
      'an authority that is a path',
      { KAFKA_TLS: 'true', KAFKA_TLS_CA: '/etc/ca.pem' },
      ['KAFKA_TLS_CA'],
    ],
    [
      'a certificate without its key',
      { KAFKA_TLS: 'true', KAFKA_TLS_CERT: CERTIFICATE },
      ['KAFKA_TLS_KEY'],
    ],
    [
      'a key without its certificate',
      { KAFKA_TLS: 'true', KAFKA_TLS_KEY: KEY },
      ['KAFKA_TLS_CERT'],
    ],
    [
      'a password without a mechanism',
      { KAFKA_SASL_USERNAME: 'a', KAFKA_SASL_PASSWORD: 'visibly fake' },
      ['KAFKA_SASL_MECHANISM'],
    ],
    [
      'an unknown mechanism',
      {
        KAFKA_SASL_MECHANISM: 'oauthbearer',
        KAFKA_SASL_USERNAME: 'a',
        KAFKA_SASL_PASSWORD: 'visibly fake',
      },
      ['KAFKA_SASL_MECHANISM'],
    ],
  ])('is refused by name when it is %s', (_, variables, names) => {
    for (const problems of [
      problemsOf(() => gateway(variables)),
      problemsOf(() => readConfig({ KAFKA_BROKERS: 'a:9092', ...variables })),
    ]) {
      for (const name of names) expect(problems.join('\n')).toMatch(new RegExp(`^${name}: `, 'mu'));
      expect(problems.join('\n')).not.toMatch(/visibly|BEGIN/u);
    }
  });

  it.each([{ KAFKA_TLS: 'true' }, { KAFKA_SASL_USERNAME: 'a' }])(
    'is not settled for brokers that nobody names: they would be embedded ones',
    (variables) => {
      const problems = problemsOf(() => readConfig(variables));
      expect(problems.join('\n')).toMatch(/^KAFKA_BROKERS: /mu);
    },
  );
});
