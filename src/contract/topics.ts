/** The topics, what they hold and how long (design: Kafka). */
export interface Topics {
  readonly revocations: string;
  readonly events: string;
  readonly receipts: string;
}

/** An installation that shares its brokers sets a prefix; the default is none. */
export const topicsWith = (prefix: string): Topics => ({
  revocations: `${prefix}offswitch.revocations.v1`,
  events: `${prefix}offswitch.events.v1`,
  receipts: `${prefix}offswitch.receipts.v1`,
});

/** The most partitions that the revocations topic may have. */
export const MAX_PARTITIONS = 1_000;

/** Header names on every message. */
export const HEADER = { type: 'ofs-type', kid: 'ofs-kid', signature: 'ofs-sig' } as const;

/** What gateways send and read; a message of the events topic is an `event`. */
export type MessageType = 'revocation' | 'watermark' | 'receipt';
