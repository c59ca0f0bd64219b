export type { Asking } from './asking.js';
export { ConnectionDoors, type OpenScim, type WebhookDoor } from './connection-doors.js';
export {
  ConnectionHealths,
  type ConnectionHealth,
  type SeenRequest,
} from './connection-healths.js';
export {
  ConnectionTraffic,
  type AnsweredRequest,
  type Named,
  type Sender,
} from './connection-traffic.js';
export {
  Connections,
  type Accepts,
  type Connection,
  type ConnectionName,
  type Interop,
  type Link,
} from './connections.js';
export {
  SIGNING_ALGORITHMS as CLIENT_ALGORITHMS,
  MOST_KEYS as MOST_CLIENT_KEYS,
} from './client-keys.js';
export { ConnectionTokens, type ClientKey, type ClientProof } from './connection-tokens.js';
export { Devices, type Assignment, type Device, type DeviceFilter } from './devices.js';
export { HEALTH_STATES } from './domain/health-state.js';
export { Groups, type AccessGroup, type Group, type GroupOfPerson, type Member } from './groups.js';
export { connectionKinds, connectionPath, type ConnectionKind } from './domain/connection-kinds.js';
export type { PresentedPerson } from './domain/roster-names.js';
export { FailedAttempts } from './failed-attempts.js';
export { IssuerSubjects, type IssuerSubject, type IssuerSubjectId } from './issuer-subjects.js';
export { Organizations, type Organization } from './organizations.js';
export type { Listed, PageOf } from './page.js';
export { People, type Person, type PersonFilter, type PersonReference } from './people.js';
export {
  PresentedRosters,
  type ComparedPerson,
  type PresentedRoster,
  type RosterId,
} from './presented-rosters.js';
export {
  EVERYONE,
  NOBODY,
  type ResourceField,
  type ResourceFilter,
  type TextComparator,
  type TimeComparator,
} from './resource-filter.js';
export {
  Resources,
  type Resource,
  type ResourceOrder,
  type ResourcePosition,
  type ResourceSlice,
  type ScimPlace,
} from './resources.js';
