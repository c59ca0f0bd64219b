import type { Secret } from '../../kernel/secret.js';

/** How to reach the brokers. */
export interface KafkaSettings {
  /** `host:port` of some of them; the rest is learned from these. */
  readonly brokers: readonly string[];
  /** Encrypted, trusting whom Node trusts; or by certificates of one's own. */
  readonly tls:
    | boolean
    | {
        /** PEM, whom to trust instead. */
        readonly ca: string | null;
        /** PEM, who we are, for brokers that ask. */
        readonly certificate: string | null;
        readonly key: Secret | null;
      };
  readonly sasl: {
    readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
    readonly username: string;
    readonly password: Secret;
  } | null;
  /** What the brokers' own logs call us. */
  readonly clientId: string;
}
