import type { ResourceId, UserId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import type {
  Resource,
  ResourceMark,
  ResourcePosition,
  ResourceSearch,
  ResourceSlice,
  ScimPlace,
} from '../resources.js';
import { findRows, followRows, type Shelf } from './find-rows.js';

export interface Found {
  readonly total: number;
  readonly items: readonly Resource[];
}

export interface Followed {
  readonly items: readonly Resource[];
  readonly next: ResourcePosition | null;
}

const RESOURCES: Shelf = {
  table: 'resources',
  columns: `r.id, r.user_id, r.user_name, r.external_id, r.emails, r.active, r.attributes, r.version::int as version,
            r.created_at, r.changed_at`,
};

export async function findResources(
  tx: Tx,
  place: ScimPlace,
  search: ResourceSearch,
  slice: ResourceSlice,
): Promise<Found> {
  const { total, found } = await findRows<ResourceRow>(tx, RESOURCES, { place, search }, slice);
  return { total, items: found.map(resourceOf) };
}

export async function followResources(
  tx: Tx,
  place: ScimPlace,
  search: ResourceSearch,
  mark: ResourceMark,
): Promise<Followed> {
  const { found, next } = await followRows<ResourceRow>(tx, RESOURCES, { place, search }, mark);
  return { items: found.map(resourceOf), next };
}

interface ResourceRow {
  readonly id: ResourceId;
  readonly user_id: UserId;
  readonly user_name: string;
  readonly external_id: string | null;
  readonly emails: readonly string[];
  readonly active: boolean;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly version: number;
  readonly created_at: Date;
  readonly changed_at: Date;
}

const resourceOf = (row: ResourceRow): Resource => ({
  id: row.id,
  user: row.user_id,
  userName: row.user_name,
  externalId: row.external_id,
  emails: row.emails,
  active: row.active,
  attributes: row.attributes,
  version: row.version,
  createdAt: row.created_at,
  changedAt: row.changed_at,
});
