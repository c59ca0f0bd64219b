import type {
  ActiveWord,
  Edit,
  Edited,
  ResourceImage,
  StoredResource,
} from '../../deprovision/index.js';
import { DomainError } from '../../kernel/domain-error.js';
import { MalformedBody } from './body.js';
import { Draft } from './draft.js';
import { fieldsOf, member, type Field } from './fields.js';
import { imageOf } from './image.js';
import { checkPatch, operationsOf, type Operation } from './operations.js';
import type { Verb } from './target.js';
import { SCHEMAS } from './user-schema.js';
import { invalidValue, isObject } from './value.js';
import { saidByPatch, saidByResource, type Said } from './word.js';

/** How much of a request is understood: what IdPs really send, or the interoperability profile to the letter. */
export type Interop = 'tolerant' | 'strict';

/** What a POST asks for. When it is refused, its `active` still counts for whoever has the name (P9). */
export type Creation =
  | { readonly word: ActiveWord; readonly image: ResourceImage }
  | { readonly word: ActiveWord; readonly userName: string | null; readonly refused: Error };

/** POST (RFC 7644 §3.3). A person is active unless the request says otherwise. Never throws. */
export function readCreate(body: unknown): Creation {
  const said = saidByResource(body);
  const { word } = said;
  try {
    refuseGarbled(said);
    return { word, image: imageOf(attributesIn(body), word, { active: true }) };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { word, userName: userNameIn(body), refused: error };
  }
}

/** The user name of a resource that may be wrong elsewhere; the last one that can be read. */
function userNameIn(body: unknown): string | null {
  if (body instanceof MalformedBody) return userNameIn(body.value);
  const draft = new Draft({});
  for (const field of isObject(body) ? fieldsOf(body) : [])
    if (isUserName(field.target))
      unlessWrong(() => {
        set(draft, 'add', field);
      });
  const { userName } = draft.attributes();
  return typeof userName === 'string' ? userName : null;
}

const isUserName = (target: Field['target']): boolean =>
  target.kind === 'attribute' && target.attribute.name === 'userName';

function unlessWrong(reading: () => void): void {
  try {
    reading();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
  }
}

/** PUT (RFC 7644 §3.5.1): what is left out is cleared, except `active`, which stays as it is. Never throws. */
export const readReplace = (body: unknown): Edit =>
  editing(saidByResource(body), () => attributesIn(body));

/** PATCH (RFC 7644 §3.5.2): all operations or none. Never throws. */
export function readPatch(body: unknown, interop: Interop = 'tolerant'): Edit {
  const operations = operationsOf(body);
  return editing(saidByPatch(body), (stored) => {
    refuseMalformed(body);
    const draft = new Draft(stored.attributes, interop === 'strict');
    for (const operation of checkPatch(body, operations)) carryOut(draft, operation);
    return draft.attributes();
  });
}

type Change = (stored: StoredResource) => ResourceImage['attributes'];

/** What the request says about `active` stands beside whatever becomes of the rest (P9). */
function editing(said: Said, change: Change): Edit {
  const { word } = said;
  const edit = (stored: StoredResource): Edited => {
    try {
      refuseGarbled(said);
      return { word, next: imageOf(change(stored), word, stored) };
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      return { word, refused: error };
    }
  };
  return Object.assign(edit, { word });
}

function refuseGarbled(said: Said): void {
  if (said.isGarbled)
    throw new DomainError(
      'scim.active_unreadable',
      'active is true or false, once it is mentioned',
    );
}

function refuseMalformed(body: unknown): void {
  if (body instanceof MalformedBody) throw body.refusal;
}

function attributesIn(body: unknown): ResourceImage['attributes'] {
  refuseMalformed(body);
  if (!isObject(body)) throw new DomainError('scim.invalid_syntax', 'the body is a JSON object');
  checkSchemas(member(body, 'schemas'));
  const draft = new Draft({});
  for (const field of fieldsOf(body)) set(draft, 'add', field);
  return draft.attributes();
}

/** Missing or empty is forgiven; a list of other schemas is a resource of another type. */
function checkSchemas(schemas: unknown): void {
  if (!Array.isArray(schemas) || schemas.length === 0) return;
  const known = SCHEMAS.map(({ id }) => id.toLowerCase());
  if (!schemas.some((each) => typeof each === 'string' && known.includes(each.toLowerCase())))
    throw new DomainError('scim.invalid_syntax', 'schemas names no schema of a User');
}

function carryOut(draft: Draft, { verb, target, fields, value }: Operation): void {
  if (verb === null) throw new DomainError('scim.invalid_syntax', 'op is add, replace or remove');
  if (target !== null) {
    carryOutAt(draft, verb, { target, value });
    return;
  }
  if (verb === 'remove') throw new DomainError('scim.no_target', 'remove has a path');
  if (fields === null) throw invalidValue('without a path, the value is an object');
  for (const field of fields) set(draft, verb, field);
}

/** An operation's own path says what it wants: what it cannot have is refused. */
function carryOutAt(draft: Draft, verb: Verb, { target, value }: Field): void {
  if (target.kind === 'unparsable')
    throw new DomainError('scim.invalid_path', 'a path is not one of RFC 7644 §3.5.2');
  if (target.kind === 'read_only')
    throw new DomainError('scim.mutability', `${target.name} is read-only`);
  if (verb !== 'remove' && value === undefined) throw invalidValue('add and replace have a value');
  set(draft, verb, { target, value });
}

/** One name of an object. IdPs send back all that they were given, so what is not theirs to say is passed over. */
function set(draft: Draft, verb: Verb, { target, value }: Field): void {
  switch (target.kind) {
    case 'attribute':
      draft.apply(verb, target, value);
      return;
    case 'schema':
      if (verb !== 'remove' && value !== null)
        throw invalidValue("a schema's own member is an object");
      draft.removeExtension(target.schema.id);
      return;
    case 'read_only':
    case 'unknown':
    case 'unparsable':
      return;
  }
}
