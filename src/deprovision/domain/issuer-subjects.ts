import type { JsonObject, JsonValue } from './change.js';

/** Where a resource says what issuers of tokens call the person. */
export const ISSUER_SUBJECTS = {
  // Entra and Okta let administrators map nothing but names that begin like this.
  schema: 'urn:ietf:params:scim:schemas:extension:offswitch:2.0:User',
  attribute: 'subjects',
} as const;

/** What an issuer calls somebody in `sub`. */
export interface IssuerSubject {
  readonly issuer: string;
  readonly sub: string;
}

/** One name, as it is stored and locked. No issuer has a line feed in it. */
export const issuerSubjectName = ({ issuer, sub }: IssuerSubject): string => `${issuer}\n${sub}`;

/** What is stored is whole: the door has refused the rest. */
export function issuerSubjectsOf(attributes: JsonObject): readonly IssuerSubject[] {
  const listed = membersOf(attributes[ISSUER_SUBJECTS.schema])[ISSUER_SUBJECTS.attribute];
  return (Array.isArray(listed) ? (listed as readonly JsonValue[]) : []).flatMap((each) => {
    const { issuer, value } = membersOf(each);
    return typeof issuer === 'string' && typeof value === 'string' ? [{ issuer, sub: value }] : [];
  });
}

const membersOf = (value: JsonValue | undefined): JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : {};
