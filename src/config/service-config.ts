import type { Topics } from '../contract/topics.js';
import type { Secret } from '../kernel/secret.js';
import type { KafkaConfig } from './config.js';

/** Four times what IdPs are promised. */
export const SCIM_RATE = 100;

export interface ServiceSettings {
  readonly kafka: KafkaConfig;
  readonly topics: Topics;
  /** `aud` of access tokens. */
  readonly audience: string;
  /** S: how old a strict gateway's view may be, milliseconds. */
  readonly stalenessMs: number;
  /** How many whole days of sent records the outbox keeps. */
  readonly outboxDays: number;
  /** How many requests a second of one SCIM connection each process answers for long; {@link SCIM_RATE} unless told. */
  readonly scimRate?: number;
  /** The first installation key, `ofs_admin_…`. */
  readonly adminKey: Secret;
  /** The key of a gateway that is there from the first start; null unless the home made it. */
  readonly gatewayKey: Secret | null;
  /** Where others reach us; null until we listen and nobody said otherwise. */
  readonly publicUrl: string | null;
}

/** What the rooms of a running service may ask of its configuration. The class is the token to inject. */
export class ServiceConfig implements ServiceSettings {
  readonly kafka: ServiceSettings['kafka'];
  readonly topics: ServiceSettings['topics'];
  readonly audience: ServiceSettings['audience'];
  readonly stalenessMs: ServiceSettings['stalenessMs'];
  readonly outboxDays: ServiceSettings['outboxDays'];
  readonly scimRate: number;
  readonly adminKey: ServiceSettings['adminKey'];
  readonly gatewayKey: ServiceSettings['gatewayKey'];
  readonly publicUrl: ServiceSettings['publicUrl'];

  constructor(settings: ServiceSettings) {
    this.kafka = settings.kafka;
    this.topics = settings.topics;
    this.audience = settings.audience;
    this.stalenessMs = settings.stalenessMs;
    this.outboxDays = settings.outboxDays;
    this.scimRate = settings.scimRate ?? SCIM_RATE;
    this.adminKey = settings.adminKey;
    this.gatewayKey = settings.gatewayKey;
    this.publicUrl = settings.publicUrl;
  }
}
