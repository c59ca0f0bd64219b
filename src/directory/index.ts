export type { Asking } from './asking.js';
export { ConnectionDoors, type OpenConnection, type WebhookDoor } from './connection-doors.js';
export {
  Connections,
  type Connection,
  type ConnectionName,
  type Link,
  type NewConnection,
} from './connections.js';
export {
  Devices,
  type Assignment,
  type Device,
  type DeviceFilter,
  type DeviceName,
  type DeviceOwner,
} from './devices.js';
export {
  CONNECTION_KINDS,
  connectionKinds,
  connectionPath,
  type ConnectionKind,
} from './domain/connection-kinds.js';
export { Organizations, type Organization, type OrganizationChange } from './organizations.js';
export type { Listed, PageOf } from './page.js';
export {
  People,
  type HeldDevice,
  type Person,
  type PersonFilter,
  type PersonReference,
  type PersonResource,
} from './people.js';
export {
  Resources,
  type Resource,
  type ResourceCondition,
  type ResourceSlice,
  type ScimPlace,
} from './resources.js';
