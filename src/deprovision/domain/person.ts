import { raisedGeneration } from '../../contract/generation.js';
import type { CaseId, ConnectionId, UserId } from '../../kernel/ids.js';

/** Why a subject gets no new tokens. Lifted only by its own cause, and only by an event newer than `event_at`. */
export interface Hold {
  readonly set_at: string;
  readonly event_at: string;
  readonly case: CaseId | null;
}

/** Holds by name: `scim:<connection>`, `signal:<connection>:<class>`, `unreadable:<connection>`, `admin`, … */
export type Holds = Readonly<Record<string, Hold>>;

/** How a foreign issuer names somebody in its tokens; everybody when `sub` is empty. */
export interface ForeignName {
  readonly issuer: string;
  readonly sub: string;
}

export interface Person {
  readonly user: UserId;
  readonly generation: number;
  readonly holds: Holds;
  /** The newest lift by hold name, so that an older signal that arrives late sets no hold again. */
  readonly lifts: Readonly<Record<string, string>>;
  /** Living device tokens, and the devices they and the assignments stand for. */
  readonly tokens: number;
  readonly devices: number;
  /** What foreign issuers have signed for them ends with what we have. */
  readonly foreign: readonly ForeignName[];
}

export const newPerson = (user: UserId, foreign: readonly ForeignName[] = []): Person => ({
  user,
  foreign,
  generation: 1,
  holds: {},
  lifts: {},
  tokens: 0,
  devices: 0,
});

export const scimHold = (connection: ConnectionId): string => `scim:${connection}`;
export const unreadableHold = (connection: ConnectionId): string => `unreadable:${connection}`;
export const groupHold = (connection: ConnectionId): string => `group:${connection}`;
export const signalHold = (connection: ConnectionId, signalClass: string): string =>
  `signal:${connection}:${signalClass}`;

/** Names that the person gets in this very transaction count with those that are stored. */
export const alsoNamed = (person: Person, more: readonly ForeignName[]): Person =>
  more.length === 0 ? person : { ...person, foreign: [...person.foreign, ...more] };

/** Nothing issued before works any more. */
export const raised = (person: Person, epoch: number): Person => ({
  ...person,
  generation: raisedGeneration(person.generation, epoch),
  tokens: 0,
  devices: 0,
});

/** Sets a hold; one that stands keeps the newer event. */
export function held(person: Person, name: string, hold: Hold): Person {
  const standing = person.holds[name];
  if (standing !== undefined && standing.event_at > hold.event_at) return person;
  return { ...person, holds: { ...person.holds, [name]: hold } };
}

export const isHeldBy = (person: Person, name: string): boolean => person.holds[name] !== undefined;

/** Whether an event of this time may lift the hold: it must be newer than the one that set it. */
export function mayLift(person: Person, name: string, eventAt: string): boolean {
  const standing = person.holds[name];
  return standing === undefined || eventAt > standing.event_at;
}

export function lifted(person: Person, name: string): Person {
  const holds = Object.entries(person.holds).filter(([standing]) => standing !== name);
  return { ...person, holds: Object.fromEntries(holds) };
}

/** Remembers that the hold was lifted by an event of this time. */
export function rememberLift(person: Person, name: string, eventAt: string): Person {
  const known = person.lifts[name];
  if (known !== undefined && known >= eventAt) return person;
  return { ...person, lifts: { ...person.lifts, [name]: eventAt } };
}

/** Whether a newer event has lifted this hold already. */
export function isOutlived(person: Person, name: string, eventAt: string): boolean {
  const lift = person.lifts[name];
  return lift !== undefined && lift > eventAt;
}

export const sameAccess = (a: Person, b: Person): boolean =>
  a.generation === b.generation && a.holds === b.holds && a.lifts === b.lifts;
