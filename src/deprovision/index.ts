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
export { Deprovision } from './deprovision.js';
