export type {
  ActiveWord,
  Edit,
  Edited,
  IdentityReference,
  JsonObject,
  JsonValue,
  Origin,
  ResourceChange,
  ResourceImage,
  ResourceOutcome,
  SignalChange,
  SignalEffect,
  SignalOutcome,
  StoredResource,
  VerifiedSignal,
} from './domain/change.js';
export type {
  GroupChange,
  GroupEdit,
  GroupImage,
  GroupOutcome,
  MembersChange,
  StoredGroup,
} from './domain/group-change.js';
export {
  Deprovision,
  type AccessGroupReport,
  type Alongside,
  type AlongsideChange,
  type HeldSubject,
  type MadeCases,
  type Operator,
} from './deprovision.js';
export { ResourceEvents, type ResourceEvent } from './resource-events.js';
export { ISSUER_SUBJECTS } from './domain/issuer-subjects.js';
export { Rosters, type RosterDemand } from './rosters.js';
export type { RevocationOrder } from './domain/plan-subject.js';
