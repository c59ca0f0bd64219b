import type { ConnectionId, OrganizationId, ResourceId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { firstRows, sql } from '../../platform/postgres/rows.js';
import type { BeforeEdit } from '../domain/plan-edit.js';
import type { Person } from '../domain/person.js';
import { resourceOf, type ResourceRow } from './resource-row.js';

const lock = sql(
  'heart.lock_resources',
  'select lock_resources($1, $2::uuid[], $3::uuid[]) as before',
);

/** Null: there is no such living resource. `busy`: somebody else has locked its person, who was not waited for. */
export type Found = Omit<BeforeEdit, 'at'> | 'busy' | null;

/** The people of several resources of one organization, as far as nobody else has them, locked; in the order asked. */
export async function lockResources(
  tx: Tx,
  organization: OrganizationId,
  which: readonly { readonly connection: ConnectionId; readonly resource: ResourceId }[],
): Promise<{ readonly at: Date; readonly found: readonly Found[] }> {
  const [row] = await firstRows<{ readonly before: FoundRow }>(tx, lock, [
    organization,
    which.map(({ connection }) => connection),
    which.map(({ resource }) => resource),
  ]);
  if (row === undefined) throw new TypeError('heart.lock_resources answered nothing');
  const { at, found } = row.before;
  return {
    at: new Date(at),
    found: found.map((one) =>
      one === null || one === 'busy'
        ? one
        : { person: one.person, resource: resourceOf(one.resource) },
    ),
  };
}

interface FoundRow {
  readonly at: string;
  readonly found: readonly (
    { readonly person: Person; readonly resource: ResourceRow } | 'busy' | null
  )[];
}
