import type { Secret } from '../kernel/secret.js';

export interface KafkaConfig {
  /** `host:port`, at least one. */
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
}

/** The service's secrets; each set of keys is for one purpose only. */
export interface ServiceSecrets {
  /** 32 bytes, base64: keys the digests of everything opaque that we hand out. */
  readonly pepper: Secret;
  /** 32 bytes, base64: seals what must be read back. */
  readonly encryptionKey: Secret;
  /** Private JWKS, JSON: sign access tokens. The first key signs. */
  readonly tokenKeys: Secret;
  /** Private JWKS, JSON: sign records and watermarks. The first key signs. */
  readonly recordKeys: Secret;
  /** The first installation key, `ofs_admin_…`. */
  readonly adminKey: Secret;
}

/** What the environment says. Null means: the embedded one. */
export interface Config {
  readonly http: { readonly host: string; readonly port: number };
  readonly home: string;
  readonly database: { readonly url: Secret } | null;
  readonly kafka: KafkaConfig | null;
  /** Null only when both servers are embedded: then they are made once and kept in the home. */
  readonly secrets: ServiceSecrets | null;
  /** Null: the installation names itself. */
  readonly issuer: string | null;
  readonly audience: string;
  /** Where others reach us, for the URLs that we hand out; null: where we listen. */
  readonly publicUrl: string | null;
  /** S: how old a strict gateway's view may be, milliseconds. */
  readonly stalenessMs: number;
  /** How many whole days of sent records the outbox keeps. */
  readonly outboxDays: number;
  /** How many requests a second of one SCIM connection each process answers for long. */
  readonly scimRate: number;
  readonly topicPrefix: string;
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent';
}

/** The configuration cannot be used. The message names every variable and the rule it broke, and no value. */
export class ConfigRefused extends Error {
  override readonly name = 'ConfigRefused';

  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`,
    );
  }
}
