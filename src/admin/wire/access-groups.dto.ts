import type { AccessGroupReport } from '../../deprovision/index.js';
import type { AccessGroup } from '../../directory/index.js';
import { id, object, orNull, text, time, whole } from './schema.js';
import { Flag } from './text.decorator.js';

export class AccessGroupBody {
  @Flag({
    optional: true,
    description:
      'Whether people of the connection who are in no access group lose their access now. Without it they keep what they ' +
      'have, and the answer says how many they are.',
  })
  readonly apply?: boolean | null;
}

const members = {
  id,
  connection: id,
  display_name: text,
  members: whole,
  added_at: time,
  deleted_at: orNull(time),
};

export const accessGroupSchema = object(members);
/** `outside`: how many have access without a place; `revoked`: whose access has ended by this request. */
export const addedAccessGroupSchema = object({ ...members, outside: whole, revoked: whole });

export const accessGroupView = (group: AccessGroup) => ({
  id: group.id,
  connection: group.connection,
  display_name: group.displayName,
  members: group.members,
  added_at: group.addedAt.toISOString(),
  deleted_at: group.deletedAt?.toISOString() ?? null,
});

export const addedAccessGroupView = (group: AccessGroup, { outside, gone }: AccessGroupReport) => ({
  ...accessGroupView(group),
  outside,
  revoked: gone,
});
