import { DomainError } from '../../kernel/domain-error.js';
import type { PresentedPerson } from '../../directory/index.js';
import { readActive } from '../../scim/index.js';

/** What one row of a roster says. `unreadable`: it is somebody, but not who, or not whether they are there. */
export type RosterRow =
  | { readonly kind: 'present' | 'absent'; readonly person: PresentedPerson }
  | { readonly kind: 'unreadable'; readonly person: PresentedPerson | null };

/** How a format says it: rows as they are read, some at a time. */
export type ReadRows = (texts: AsyncIterable<string>) => AsyncIterable<readonly RosterRow[]>;

const LONGEST_NAME = 512;

/** Longer than any person is in any IdP. */
export const MOST_ROW_CHARACTERS = 65_536;

const NAMES = {
  userName: ['username', 'user_name', 'login'],
  externalId: ['externalid', 'external_id'],
  email: ['email', 'mail', 'emails', 'email_address'],
  active: ['active'],
} as const;

/** Whose header names anybody: one that names none is of some other table. */
export const namesSomebody = (header: readonly string[]): boolean => {
  const known: readonly string[] = [...NAMES.userName, ...NAMES.externalId, ...NAMES.email];
  return header.some((name) => known.includes(name.toLowerCase()));
};

/** Names of ours that stand twice, in any case of letters: nobody can tell which of them is meant. */
export const standsTwice = (header: readonly string[]): boolean => {
  const known: readonly string[] = Object.values(NAMES).flat();
  const ours = header.map((name) => name.toLowerCase()).filter((name) => known.includes(name));
  return new Set(ours).size < ours.length;
};

/** A person as SCIM has it, or a flat record of the same names in any case of letters. Never throws. */
export function rosterRow(record: unknown): RosterRow {
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    return { kind: 'unreadable', person: null };
  if (standsTwice(Object.keys(record))) return { kind: 'unreadable', person: null };
  const members = new Map(
    Object.entries(record).map(([name, value]) => [name.toLowerCase(), value as unknown]),
  );
  const valueOf = (names: readonly string[]): unknown =>
    names.map((name) => members.get(name)).find((value) => value != null && value !== '');
  const userName = nameIn(valueOf(NAMES.userName));
  const externalId = nameIn(valueOf(NAMES.externalId));
  const emails = emailsIn(valueOf(NAMES.email));
  if (userName === undefined || externalId === undefined || emails === undefined)
    return { kind: 'unreadable', person: null };
  if (userName === null && externalId === null && emails.length === 0)
    return { kind: 'unreadable', person: null };
  const person = { userName, externalId, emails };
  // A column that is empty says nothing, as null does.
  const word = readActive(valueOf(NAMES.active) ?? null);
  switch (word) {
    case 'true':
    case 'absent':
      return { kind: 'present', person };
    case 'false':
      return { kind: 'absent', person };
    case 'unreadable':
      return { kind: 'unreadable', person };
  }
}

/** Null when there is none, undefined when it cannot be read. */
function nameIn(value: unknown): string | null | undefined {
  if (value === undefined) return null;
  return typeof value === 'string' && value.length <= LONGEST_NAME ? value : undefined;
}

function emailsIn(value: unknown): readonly string[] | undefined {
  if (value === undefined) return [];
  const all = (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map((one) =>
    nameIn(typeof one === 'object' && one !== null && 'value' in one ? one.value : one),
  );
  const readable = all.filter((one) => typeof one === 'string');
  return readable.length === all.length ? readable : undefined;
}

export const malformed = (why: string): DomainError => new DomainError('roster.malformed', why);
export const cut = (why: string): DomainError => new DomainError('roster.cut', why);
