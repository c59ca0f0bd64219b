import { SCIM_EVENTS, versionTag, type Notice } from '../../contract/security-event.js';
import type { CaseId, GroupId } from '../../kernel/ids.js';
import type { JsonValue, ResourceImage, StoredResource } from './change.js';
import type { GroupImage, StoredGroup } from './group-change.js';
import type { Circumstances, EventDraft } from './plan.js';
import { sameJson } from './same-json.js';

/** How a request changes what is there: by saying all of it, or parts. */
export type Verb = 'put' | 'patch';

type Around = Pick<Circumstances, 'makeId'>;
type About = Pick<EventDraft, 'id' | 'subject' | 'resource' | 'identifier'>;

/** An event that says that somebody has left tells the case of it, and bears its id. */
const telling = (gone: CaseId | null): { readonly id?: CaseId } =>
  gone === null ? {} : { id: gone };

/** A user's change is told under the person: all that happens to them keeps its order. */
const aboutUser = ({ makeId }: Around, { id, user }: StoredResource): About => ({
  id: makeId<'event'>(),
  subject: user,
  resource: `/Users/${id}`,
  identifier: null,
});

const aboutGroup = ({ makeId }: Around, id: GroupId): About => ({
  id: makeId<'event'>(),
  subject: id,
  resource: `/Groups/${id}`,
  identifier: null,
});

const notice = (attributes: readonly string[], version: number): Notice => ({
  attributes,
  version: versionTag(version),
});

export const userCreated = (around: Around, resource: StoredResource): EventDraft => ({
  ...aboutUser(around, resource),
  type: SCIM_EVENTS.create,
  events: {
    [SCIM_EVENTS.create]: notice(
      ['id', ...changedNames(NOTHING_YET, resource), 'active'],
      resource.version,
    ),
  },
});

export function userChanged(
  around: Around,
  before: StoredResource,
  after: StoredResource,
  { verb, gone }: { readonly verb: Verb; readonly gone: CaseId | null },
): EventDraft {
  const type = SCIM_EVENTS[verb];
  const isOther = before.active !== after.active;
  const names = [...changedNames(before, after), ...(isOther ? ['active'] : [])];
  return {
    ...aboutUser(around, after),
    ...telling(isOther && !after.active ? gone : null),
    type,
    events: {
      [type]: notice(names, after.version),
      ...(isOther && { [after.active ? SCIM_EVENTS.activate : SCIM_EVENTS.deactivate]: {} }),
    },
  };
}

export const userDeleted = (
  around: Around,
  resource: StoredResource,
  gone: CaseId | null,
): EventDraft => ({
  ...aboutUser(around, resource),
  ...telling(gone),
  type: SCIM_EVENTS.delete,
  events: { [SCIM_EVENTS.delete]: {} },
});

export const groupCreated = (
  around: Around,
  group: StoredGroup,
  { members }: { readonly members: number },
): EventDraft => ({
  ...aboutGroup(around, group.id),
  type: SCIM_EVENTS.create,
  events: {
    [SCIM_EVENTS.create]: notice(
      [
        'id',
        'displayName',
        ...(group.externalId === null ? [] : ['externalId']),
        ...(members > 0 ? ['members'] : []),
      ],
      group.version,
    ),
  },
});

export const groupChanged = (
  around: Around,
  before: GroupImage,
  after: StoredGroup,
  { verb, members }: { readonly verb: Verb; readonly members: number },
): EventDraft => ({
  ...aboutGroup(around, after.id),
  type: SCIM_EVENTS[verb],
  events: {
    [SCIM_EVENTS[verb]]: notice(
      [
        ...(before.displayName === after.displayName ? [] : ['displayName']),
        ...(before.externalId === after.externalId ? [] : ['externalId']),
        ...(members > 0 ? ['members'] : []),
      ],
      after.version,
    ),
  },
});

export const groupDeleted = (around: Around, group: GroupId): EventDraft => ({
  ...aboutGroup(around, group),
  type: SCIM_EVENTS.delete,
  events: { [SCIM_EVENTS.delete]: {} },
});

type Attributes = ResourceImage['attributes'];
const NOTHING_YET: Pick<ResourceImage, 'attributes'> = { attributes: {} };

/** Those that were added, revised or removed; of an extension each by its full name. */
function changedNames(
  before: Pick<ResourceImage, 'attributes'>,
  after: Pick<ResourceImage, 'attributes'>,
): string[] {
  const names = differing(before.attributes, after.attributes);
  return names.flatMap((name) =>
    name.includes(':')
      ? differing(partsOf(before.attributes[name]), partsOf(after.attributes[name])).map(
          (part) => `${name}:${part}`,
        )
      : [name],
  );
}

const differing = (before: Attributes, after: Attributes): string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (name) => !sameJson(before[name], after[name]),
  );

const partsOf = (value: JsonValue | undefined): Attributes =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Attributes) : {};
