import type { ActiveWord } from '../../deprovision/index.js';
import { laterWord, mentionsActive, readActive } from './active.js';
import { fieldsOf, type Field } from './fields.js';
import { operationsOf, type Operation } from './operations.js';
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
export const saidByResource = (body: unknown): Said =>
  inOrder(isObject(body) ? fieldsOf(body).map(wordOfField) : []);

/** A PATCH; one that has no operations is read like a resource, as older clients send it. */
export function saidByPatch(body: unknown): Said {
  const operations = operationsOf(body);
  return operations === null ? saidByResource(body) : inOrder(operations.flatMap(wordsOf));
}

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
  if (target !== null) return [wordUnder(verb, { target, value })];
  if (fields !== null) return fields.map((field) => wordUnder(verb, field));
  return typeof value === 'string' && mentionsActive(value) ? ['unreadable'] : [];
}

/** To remove `active` is to say nothing: only an explicit true brings anybody back, only false sends away. */
function wordUnder(verb: Operation['verb'], field: Field): ActiveWord {
  if (!touchesActive(field.target)) return 'absent';
  if (verb === null) return 'unreadable';
  return verb === 'remove' && isPlain(field.target) ? 'absent' : wordOfField(field);
}
