import type { ActiveWord } from '../../deprovision/index.js';
import { holdsActive, laterWord, readActive } from './active.js';
import { MalformedBody } from './body.js';
import { fieldsOf, type Field } from './fields.js';
import { fieldsIn, operationsOf, type Operation } from './operations.js';
import { isActive, type Target } from './target.js';
import { isObject } from './value.js';

/** What a whole request says about `active`, whether or not the rest of it can be carried out (P9). */
export interface Said {
  readonly word: ActiveWord;
  /** True when it touches `active` somewhere in a way that cannot be read: the request is refused. */
  readonly isGarbled: boolean;
}

const inOrder = (words: readonly ActiveWord[]): Said => ({
  word: words.reduce(laterWord, 'absent'),
  isGarbled: words.includes('unreadable'),
});

/** A whole resource: POST and PUT. */
export function saidByResource(body: unknown): Said {
  if (body instanceof MalformedBody) return saidByMalformed(body, saidByResource);
  return inOrder(isObject(body) ? fieldsOf(body).map(wordOfField) : [wordInside(body)]);
}

/** A PATCH; one that has no operations is read like a resource, as older clients send it. */
export function saidByPatch(body: unknown): Said {
  if (body instanceof MalformedBody) return saidByMalformed(body, saidByPatch);
  const operations = operationsOf(body);
  if (operations !== null) return inOrder(operations.flatMap(wordsOf));
  if (!isObject(body)) return inOrder([wordInside(body)]);
  return inOrder(
    fieldsOf(body).map((field) =>
      touchesActive(field.target) ? wordOfField(field) : wordInside(field.value),
    ),
  );
}

/** Of two members of one name, nobody knows which one counts; and of what is no JSON, what it says. */
const saidByMalformed = (
  { value, mentionsActive }: MalformedBody,
  read: (body: unknown) => Said,
): Said =>
  mentionsActive === null ? read(value) : inOrder([mentionsActive ? 'unreadable' : 'absent']);

/** What has no form that we know is unreadable where `active` stands in it. */
const wordInside = (value: unknown): ActiveWord => (holdsActive(value) ? 'unreadable' : 'absent');

function wordOfField({ target, value }: Field): ActiveWord {
  return touchesActive(target) ? wordFor(target, value) : 'absent';
}

const touchesActive = (target: Field['target']): boolean =>
  target.kind === 'unparsable' ? target.mentionsActive : isActive(target);

/** A filter or a path that cannot be parsed leaves it open what is meant. */
const wordFor = (target: Field['target'], value: unknown): ActiveWord =>
  isPlain(target) ? readActive(value) : 'unreadable';

const isPlain = (target: Field['target']): target is Target =>
  target.kind === 'attribute' && target.filter === null;

function wordsOf({ verb, target, fields, value }: Operation): readonly ActiveWord[] {
  if (fields !== null) return fields.map((field) => wordUnder(verb, field));
  if (target === null) return [wordInside(value)];
  // Where it goes cannot be told: not by the path, so perhaps by the value.
  if (target.kind === 'schema' || (target.kind === 'unparsable' && !target.mentionsActive))
    return [wordInside(value)];
  if (target.kind === 'unknown' && verb !== 'remove') return [wordAtUnknown(value)];
  return [wordUnder(verb, { target, value })];
}

/** A path that we do not know may mean the person, if `active` is a name in its value. */
const wordAtUnknown = (value: unknown): ActiveWord =>
  fieldsIn(value)?.some(({ target }) => touchesActive(target)) === true ? 'unreadable' : 'absent';

/** To remove `active` is to say nothing: only an explicit true brings anybody back, only false sends away. */
function wordUnder(verb: Operation['verb'], field: Field): ActiveWord {
  if (!touchesActive(field.target)) return 'absent';
  if (verb === null) return 'unreadable';
  return verb === 'remove' && isPlain(field.target) ? 'absent' : wordOfField(field);
}
