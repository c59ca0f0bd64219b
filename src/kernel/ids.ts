import { v7, validate } from 'uuid';

/** A UUID that says what it names, so that a user's id cannot stand where a device's belongs. */
export type Id<Name extends string> = string & { readonly brand: Name };

export type OrganizationId = Id<'organization'>;
export type ConnectionId = Id<'connection'>;
export type UserId = Id<'user'>;
/** A SCIM resource's id, the `id` that its connection sees. */
export type ResourceId = Id<'resource'>;
/** A SCIM group's id, the `id` that its connection sees. */
export type GroupId = Id<'group'>;
export type DeviceId = Id<'device'>;
/** A device token: the family of rotating refresh secrets of one (user, device) pair. */
export type FamilyId = Id<'family'>;
export type ApiKeyId = Id<'api-key'>;
export type SignalId = Id<'signal'>;
export type CaseId = Id<'case'>;
export type EntryId = Id<'entry'>;
export type GatewayId = Id<'gateway'>;

/** A new UUIDv7 (RFC 9562 §5.7): sorts by the time it was made. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what it names
export const newId = <T extends string>(): T => v7() as T;

/** The text as an id, lower-cased, or null when it is no UUID. */
// eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- the caller says what it reads
export function readId<T extends string>(text: unknown): T | null {
  return typeof text === 'string' && validate(text) ? (text.toLowerCase() as T) : null;
}
