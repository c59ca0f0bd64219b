import type { GroupId } from '../../kernel/ids.js';
import type { Tx } from '../../kernel/tx.js';
import { rows, sql } from '../../platform/postgres/rows.js';
import { EVERYONE, NOBODY, type ResourceFilter } from '../resource-filter.js';
import type { ScimPlace } from '../resources.js';
import { bindingTo, condition } from './filter-sql.js';

/** More are not named one by one. */
const MOST = 100;

/**
 * The same filter over people, with the groups that it speaks of by their ids. By a name nobody knows how many are in a group: of
 * the three in a small one a page would be looked for among all people.
 */
export async function groupsFirst(
  tx: Tx,
  place: ScimPlace,
  filter: ResourceFilter,
): Promise<ResourceFilter> {
  switch (filter.kind) {
    case 'all':
    case 'any': {
      const of: ResourceFilter[] = [];
      for (const part of filter.of) of.push(await groupsFirst(tx, place, part));
      return { kind: filter.kind, of };
    }
    case 'not':
      return { kind: 'not', filter: await groupsFirst(tx, place, filter.filter) };
    case 'in_group': {
      if (filter.filter === EVERYONE) return filter;
      const groups = await groupsThatMeet(tx, place, filter.filter);
      if (groups.length === 0) return NOBODY;
      return groups.length > MOST ? filter : { kind: 'in_one_of', groups };
    }
    case 'in_one_of':
    case 'id':
    case 'text':
    case 'active':
    case 'flag':
    case 'time':
    case 'member':
    case 'present':
    case 'some':
      return filter;
  }
}

async function groupsThatMeet(
  tx: Tx,
  { organization, connection }: ScimPlace,
  filter: ResourceFilter,
): Promise<readonly GroupId[]> {
  const values: unknown[] = [organization, connection, MOST + 1];
  const text = `select r.id from groups r where r.organization_id = $1 and r.connection_id = $2 and r.deleted_at is null
                   and ${condition(filter, bindingTo(values))} limit $3`;
  const found = await rows<{ readonly id: GroupId }>(tx, sql('', text), values);
  return found.map(({ id }) => id);
}
