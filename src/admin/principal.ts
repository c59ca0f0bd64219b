import type { Asking } from '../directory/index.js';
import type { Id, OrganizationId } from '../kernel/ids.js';
import { RequestSlot } from '../platform/http/request.js';
import type { Role } from './roles.js';

export type AdminKeyId = Id<'admin-key'>;

/** Whose credential a request carries. */
export interface Principal {
  readonly key: AdminKeyId;
  /** Null for a key of the installation, which may name any organization. */
  readonly organization: OrganizationId | null;
  readonly role: Role;
}

/** Filled by the guard of the admin doors. */
export const principals = new RequestSlot<Principal>();

export const askingOf = (principal: Principal, requestId: string): Asking => ({
  actor: { type: 'admin_key', id: principal.key },
  requestId,
});
