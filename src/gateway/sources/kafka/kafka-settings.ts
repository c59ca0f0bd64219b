import type { Secret } from '../../../kernel/secret.js';

/** How to reach the brokers. */
export interface KafkaSettings {
  /** `host:port` of some of them; the rest is learned from these. */
  readonly brokers: readonly string[];
  readonly tls: boolean;
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: Secret;
  } | null;
}
