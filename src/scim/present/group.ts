import { GROUP_SCHEMA } from '../read/group-schema.js';
import type { Projection } from '../read/projection.js';
import { projected, type JsonObject } from './projected.js';
import { etagOf } from './user.js';

interface MemberView {
  readonly value: string;
  readonly resource: string | null;
  readonly group: string | null;
}

/** What is told about a group. */
export interface GroupView {
  readonly id: string;
  readonly displayName: string;
  readonly externalId: string | null;
  readonly version: number;
  readonly createdAt: Date;
  readonly changedAt: Date;
  /** Null when they are left out, because there are too many or nobody asked. */
  readonly members: readonly MemberView[] | null;
}

export const groupLocationOf = (root: string, { id }: Pick<GroupView, 'id'>): string =>
  `${root}/Groups/${id}`;

function meant({ resource, group }: MemberView, root: string): JsonObject {
  if (resource !== null) return { $ref: `${root}/Users/${resource}`, type: 'User' };
  return group === null ? {} : { $ref: `${root}/Groups/${group}`, type: 'Group' };
}

/**
 * A group as RFC 7643 §4.2 writes it.
 *
 * @param root the URL above `/Groups`
 */
export function presentGroup(group: GroupView, root: string, projection: Projection): JsonObject {
  const whole: JsonObject = {
    schemas: [GROUP_SCHEMA.id],
    id: group.id,
    ...(group.externalId !== null && { externalId: group.externalId }),
    displayName: group.displayName,
    ...(group.members !== null && {
      members: group.members.map((member) => ({ value: member.value, ...meant(member, root) })),
    }),
    meta: {
      resourceType: 'Group',
      created: group.createdAt.toISOString(),
      lastModified: group.changedAt.toISOString(),
      location: groupLocationOf(root, group),
      version: etagOf(group),
    },
  };
  return projected(whole, projection);
}
