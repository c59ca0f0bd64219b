import type { GroupEdit, GroupImage, MembersChange } from '../../deprovision/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { MalformedBody } from './body.js';
import { fieldsOf, member, readField, type Field } from './fields.js';
import { GROUP_SCHEMA, GROUPS, LEGACY_GROUP_SCHEMA } from './group-schema.js';
import { MembersDraft } from './members-draft.js';
import { meant, membersNamed, mentionsMembers, readMembers, type IsGroup } from './members.js';
import { checkPatch, operationsOf, type Operation } from './operations.js';
import type { Attribute } from './schema.js';
import type { AttributeTarget, Verb } from './target.js';
import { invalidValue, isObject, readScalar } from './value.js';

/** In UTF-16 units: names and external ids stand in an index. */
const MAX_INDEXED = 512;

/** What a POST asks for. @throws DomainError */
export function readNewGroup(
  body: unknown,
  isGroup: IsGroup,
): {
  readonly image: GroupImage;
  readonly members: readonly string[];
} {
  const { displayName, externalId, members } = wholeGroup(body, isGroup);
  return { image: { displayName, externalId }, members: members?.add ?? [] };
}

/**
 * PUT (RFC 7644 §3.5.1): what is left out is cleared, except the members: we leave them out of answers ourselves, and
 * who sends an answer back must not empty the group. @throws DomainError
 */
export function readGroup(body: unknown, isGroup: IsGroup): GroupEdit {
  const { displayName, externalId, members } = wholeGroup(body, isGroup);
  return { displayName, externalId, members: members ?? UNCHANGED };
}

const UNCHANGED: MembersChange = { replaces: false, add: [], remove: [] };

/**
 * PATCH (RFC 7644 §3.5.2): all operations or none. What it does to the members is known without knowing them, so that
 * nobody reads a large group to take one out of it. @throws DomainError
 */
export function readGroupPatch(body: unknown, isGroup: IsGroup): GroupEdit {
  refuseMalformed(body);
  refuseHidden(namesInPatch(body));
  const draft = new GroupDraft(isGroup);
  for (const operation of checkPatch(body, operationsOf(body, GROUPS))) draft.carryOut(operation);
  return draft.edit();
}

function wholeGroup(
  body: unknown,
  isGroup: IsGroup,
): GroupImage & { readonly members: MembersChange | null } {
  refuseMalformed(body);
  if (!isObject(body)) throw new DomainError('scim.invalid_syntax', 'the body is a JSON object');
  checkSchemas(member(body, 'schemas'));
  refuseHidden(Object.keys(body));
  const draft = new GroupDraft(isGroup);
  for (const field of fieldsOf(body, GROUPS)) draft.set('replace', field);
  const { displayName, externalId, members } = draft.edit();
  if (displayName === undefined) throw invalidValue('displayName is required');
  return {
    displayName,
    externalId: externalId ?? null,
    members: members.replaces ? members : null,
  };
}

function refuseMalformed(body: unknown): void {
  if (body instanceof MalformedBody) throw body.refusal;
}

/** Every name and path that a PATCH writes: of its operations, and in the objects that are their values. */
function namesInPatch(body: unknown): readonly string[] {
  const operations = isObject(body) ? member(body, 'Operations') : undefined;
  return (Array.isArray(operations) ? operations : []).filter(isObject).flatMap((operation) => {
    const [path, value] = [member(operation, 'path'), member(operation, 'value')];
    const own = typeof path === 'string' ? [path] : [];
    const inner: readonly unknown[] = Array.isArray(value) ? value : [value];
    // Below a path that nobody knows, a known name hides as well.
    const isKnown = own.every((name) => readField(name, GROUPS).kind !== 'unknown');
    const names = inner.filter(isObject).flatMap((each) => Object.keys(each));
    return [...own, ...(isKnown ? names : names.map((name) => `${String(path)}.${name}`))];
  });
}

/** What is unknown is passed over, but not where it may mean the members: somebody may be leaving there (P9). */
function refuseHidden(names: readonly string[]): void {
  for (const name of names) {
    const { kind } = readField(name, GROUPS);
    if ((kind === 'unknown' || kind === 'unparsable') && mentionsMembers(name))
      throw new DomainError('scim.invalid_path', 'members stand in a name that is not understood');
  }
}

/** Missing or empty is forgiven; a list of other schemas is a resource of another type. */
function checkSchemas(schemas: unknown): void {
  if (!Array.isArray(schemas) || schemas.length === 0) return;
  const known = [GROUP_SCHEMA.id, LEGACY_GROUP_SCHEMA].map((id) => id.toLowerCase());
  if (!schemas.some((each) => typeof each === 'string' && known.includes(each.toLowerCase())))
    throw new DomainError('scim.invalid_syntax', 'schemas names no schema of a Group');
}

class GroupDraft {
  #displayName: string | undefined;
  #externalId: string | null | undefined;
  readonly #members = new MembersDraft();
  readonly #isGroup: IsGroup;

  constructor(isGroup: IsGroup) {
    this.#isGroup = isGroup;
  }

  edit(): GroupEdit {
    return {
      ...(this.#displayName !== undefined && { displayName: this.#displayName }),
      ...(this.#externalId !== undefined && { externalId: this.#externalId }),
      members: this.#members.change(),
    };
  }

  carryOut({ verb, target, fields, value }: Operation): void {
    if (verb === null) throw new DomainError('scim.invalid_syntax', 'op is add, replace or remove');
    if (target !== null) {
      this.#carryOutAt(verb, { target, value });
      return;
    }
    // A remove may name the members in its value instead.
    if (verb === 'remove' && fields?.some(isMembers) !== true)
      throw new DomainError('scim.no_target', 'remove has a path');
    if (fields === null) throw invalidValue('without a path, the value is an object');
    for (const field of fields) if (verb !== 'remove' || isMembers(field)) this.set(verb, field);
  }

  /** An operation's own path says what it wants: what it cannot have is refused. */
  #carryOutAt(verb: Verb, { target, value }: Field): void {
    if (target.kind === 'unparsable')
      throw new DomainError('scim.invalid_path', 'a path is not one of RFC 7644 §3.5.2');
    if (target.kind === 'read_only')
      throw new DomainError('scim.mutability', `${target.name} is read-only`);
    if (verb !== 'remove' && value === undefined)
      throw invalidValue('add and replace have a value');
    if (target.kind !== 'attribute') return;
    if (target.attribute.name === 'members') this.#changeMembers(verb, target, value);
    else this.#setScalar(verb, target.attribute, value);
  }

  /** One name of an object. IdPs send back all that they were given, so what is not theirs to say is passed over. */
  set(verb: Verb, { target, value }: Field): void {
    if (target.kind !== 'attribute') return;
    if (target.attribute.name !== 'members') this.#setScalar(verb, target.attribute, value);
    // Okta's rename may carry `members: null`: nothing is said of them.
    else if (value !== null) this.#changeMembers(verb, target, value);
  }

  #changeMembers(verb: Verb, { filter, sub }: AttributeTarget, value: unknown): void {
    if (filter !== null) {
      const named = membersNamed(filter);
      // To replace one member by a filter would name whom it makes of them: nobody sends that, and nothing is guessed.
      if (named === null || sub !== null || verb === 'replace')
        throw new DomainError('scim.invalid_path', 'members are meant by [value eq "…"]');
      const values = meant(named, this.#isGroup);
      if (verb === 'remove') this.#members.remove(values);
      else this.#members.add(values);
      return;
    }
    if (sub !== null)
      throw new DomainError('scim.invalid_path', 'members are added and removed as a whole');
    // The RFC's letter: without a value, all of them.
    if (verb === 'remove' && (value === undefined || value === null)) {
      this.#members.replace([]);
      return;
    }
    const values = readMembers(value, this.#isGroup);
    if (verb === 'remove') this.#members.remove(values);
    else if (verb === 'add') this.#members.add(values);
    else this.#members.replace(values);
  }

  #setScalar(verb: Verb, attribute: Attribute, value: unknown): void {
    const next = verb === 'remove' ? undefined : readScalar(attribute, value);
    if (typeof next === 'string' && next.length > MAX_INDEXED)
      throw invalidValue(`${attribute.name} is longer than ${MAX_INDEXED} characters`);
    if (attribute.name === 'externalId')
      this.#externalId = typeof next === 'string' && next !== '' ? next : null;
    else if (typeof next === 'string' && next.trim() !== '') this.#displayName = next;
    else if (verb === 'remove')
      throw new DomainError('scim.mutability', 'displayName cannot be removed');
    else throw invalidValue('displayName is required');
  }
}

const isMembers = ({ target }: Field): boolean =>
  target.kind === 'attribute' && target.attribute.name === 'members';
