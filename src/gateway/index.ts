export type { AccessTokenClaims } from '../contract/access-token.js';
export type { Policy } from '../contract/lease.js';
export type { ForeignClaims } from '../contract/read-foreign-token.js';
export { Clock } from '../kernel/clock.js';
export { Secret } from '../kernel/secret.js';
export { Gateway } from './gateway.js';
export type { GatewayOptions } from './gateway-options.js';
export type { Guard, UseAfterRevoke } from './guard.js';
export type { Route } from './policy.js';
export { admit, type Admission, type Guarding, type Refusal } from './http/admit.js';
export {
  admitStream,
  refuseUpgrade,
  webSocketCode,
  type Binding,
  type StreamAdmission,
} from './http/admit-stream.js';
export type { GatewayEvent, Report } from './report.js';
export { ChainedTransport, type ChainedTransportParts } from './sources/chained-transport.js';
export { HttpTransport, type HttpTransportParts } from './sources/http/http-transport.js';
export { KafkaTransport } from './sources/kafka-when-needed.js';
export type { KafkaTransportParts } from './sources/kafka/kafka-transport.js';
export type { KafkaSettings } from './sources/kafka/kafka-settings.js';
export type { FeedFollower, Followed, Follower, Transport } from './sources/source.js';
export type { Bound, Closing } from './streams/streams.js';
export { systemClock } from './system-clock.js';
export type { Claims, Denial, Doubt, Unsure, Verdict } from './verdict.js';
export type { Freshness } from './view/freshness.js';
