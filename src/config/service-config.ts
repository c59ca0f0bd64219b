import type { Topics } from '../contract/topics.js';
import type { Secret } from '../kernel/secret.js';
import type { KafkaConfig } from './config.js';

/** What the rooms of a running service may ask of its configuration. The class is the token to inject. */
export class ServiceConfig {
  readonly kafka: KafkaConfig;
  readonly topics: Topics;
  /** `aud` of access tokens. */
  readonly audience: string;
  /** S: how old a strict gateway's view may be, milliseconds. */
  readonly stalenessMs: number;
  /** The first installation key, `ofs_admin_…`. */
  readonly adminKey: Secret;
  /** Where others reach us; null until we listen and nobody said otherwise. */
  readonly publicUrl: string | null;

  constructor(settings: ServiceConfig) {
    this.kafka = settings.kafka;
    this.topics = settings.topics;
    this.audience = settings.audience;
    this.stalenessMs = settings.stalenessMs;
    this.adminKey = settings.adminKey;
    this.publicUrl = settings.publicUrl;
  }
}
