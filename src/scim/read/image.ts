import {
  ISSUER_SUBJECTS,
  type ActiveWord,
  type JsonObject,
  type JsonValue,
  type ResourceImage,
} from '../../deprovision/index.js';
import { invalidValue, isElement } from './value.js';

const ISSUER = /^[\x21-\x7e]{1,500}$/u;
/** What a token may say (`src/contract/read-foreign-token.ts`). */
const SUB = /^[\x21-\x7e]{1,255}$/u;
const MAX_SUBJECTS = 20;

/** In UTF-16 units: three of these and their keys fit in one entry of an index. */
const MAX_INDEXED = 512;

/**
 * @param word only an explicit true makes active, only an explicit false makes inactive
 * @throws DomainError `scim.invalid_value`: no userName, or a name that nobody could be found by
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
  checkSubjects(attributes);
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

/** Whoever is half named there could not be found by it. */
function checkSubjects(attributes: JsonObject): void {
  const extension = attributes[ISSUER_SUBJECTS.schema];
  if (!isElement(extension)) return;
  const listed = extension[ISSUER_SUBJECTS.attribute];
  const subjects = Array.isArray(listed) ? (listed as readonly JsonValue[]) : [];
  if (subjects.length > MAX_SUBJECTS)
    throw invalidValue(`a person has at most ${MAX_SUBJECTS} subjects`);
  for (const each of subjects) {
    const { issuer, value } = isElement(each) ? each : {};
    if (typeof issuer !== 'string' || !ISSUER.test(issuer))
      throw invalidValue('subjects.issuer is 1 to 500 visible characters');
    if (typeof value !== 'string' || !SUB.test(value))
      throw invalidValue('subjects.value is 1 to 255 visible characters');
  }
}
