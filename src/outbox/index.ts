export { beginEpoch } from './begin-epoch.js';
export { FairQueue } from './domain/fair-queue.js';
export { outboxRecord, type OutboxRecord } from './domain/outbox-record.js';
export { Enforcements } from './enforcements.js';
export {
  ForeignIssuers,
  LONGEST_FOREIGN_LIFE_S,
  SUBJECT_KINDS,
  type ForeignIssuerView,
  type IssuerId,
  type SubjectKind,
} from './foreign-issuers.js';
export { Gateways, type Asking, type GatewayView } from './gateways.js';
export type { ToldEvent } from './domain/told-event.js';
export { Outbox } from './outbox.js';
export {
  PublisherHealth,
  RevocationPublisher,
  type PublisherState,
} from './revocation-publisher.js';
export { RefusedRecords, type RefusedRecord } from './refused-records.js';
export { RevokedKids } from './revoked-kids.js';
export { TopicMemory, type RememberedCover, type RememberedRecord } from './topic-memory.js';
