import type { ActiveWord, JsonObject, JsonValue, ResourceImage } from '../../deprovision/index.js';
import { invalidValue, isElement } from './value.js';

/** In UTF-16 units: three of these and their keys fit in one entry of an index. */
const MAX_INDEXED = 512;

/**
 * @param word only an explicit true makes active, only an explicit false makes inactive
 * @throws DomainError `scim.invalid_value`: no userName, or a name too long to be found by
 */
export function imageOf(
  attributes: JsonObject,
  word: ActiveWord,
  before: { readonly active: boolean },
): ResourceImage {
  const userName = attributes['userName'];
  if (typeof userName !== 'string' || userName.trim() === '')
    throw invalidValue('userName is required');
  const externalId = attributes['externalId'];
  return {
    userName: indexed('userName', userName),
    externalId: typeof externalId === 'string' ? indexed('externalId', externalId) : null,
    emails: emailsOf(attributes['emails']),
    active: word === 'absent' ? before.active : word === 'true',
    attributes,
  };
}

function indexed(name: string, value: string): string {
  if (value.length > MAX_INDEXED)
    throw invalidValue(`${name} is longer than ${MAX_INDEXED} characters`);
  return value;
}

function emailsOf(emails: JsonValue | undefined): readonly string[] {
  const elements = Array.isArray(emails) ? (emails as readonly JsonValue[]).filter(isElement) : [];
  const values = elements.map((element) => element['value']).filter((v) => typeof v === 'string');
  return [...new Set(values.map((value) => indexed('emails.value', value).toLowerCase()))];
}
