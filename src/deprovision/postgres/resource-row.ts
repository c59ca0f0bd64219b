import type { ResourceId, UserId } from '../../kernel/ids.js';
import type { JsonObject, StoredResource } from '../domain/change.js';

/** A resource as the functions of the database say it. */
export interface ResourceRow {
  readonly id: ResourceId;
  readonly user: UserId;
  readonly user_name: string;
  readonly external_id: string | null;
  readonly emails: readonly string[];
  readonly active: boolean;
  readonly attributes: JsonObject;
  readonly version: number;
  readonly created_at: string;
  readonly changed_at: string;
}

export const resourceOf = (row: ResourceRow): StoredResource => ({
  id: row.id,
  user: row.user,
  userName: row.user_name,
  externalId: row.external_id,
  emails: row.emails,
  active: row.active,
  attributes: row.attributes,
  version: row.version,
  createdAt: new Date(row.created_at),
  changedAt: new Date(row.changed_at),
});
