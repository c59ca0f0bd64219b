import type { Origin } from '../deprovision/index.js';
import type { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import type { ScimGroups } from './groups.js';
import type { GroupView } from './present/group.js';
import type { UserView } from './present/user.js';
import { MalformedBody } from './read/body.js';
import { readBulk, type BulkOperation, type RefusedOperation } from './read/bulk.js';
import { referencesIn, resolved, withoutReferences } from './read/bulk-references.js';
import { readCreate, readPatch, readReplace, type Interop } from './read/edit.js';
import { GROUPS } from './read/group-schema.js';
import { strictly } from './read/strict.js';
import { USERS } from './read/user-schema.js';
import type { RefusedChanges } from './refused-changes.js';
import type { Body, ScimUsers } from './users.js';

/** What became of an operation. */
export type Done =
  | { readonly kind: 'user'; readonly user: UserView }
  | { readonly kind: 'group'; readonly group: Omit<GroupView, 'members'> }
  | { readonly kind: 'removed' }
  | { readonly kind: 'refused'; readonly why: DomainError };

export interface Performed {
  readonly operation: BulkOperation | RefusedOperation;
  readonly done: Done;
}

/** Changes of different people are independent: so many of one request are under way at once. */
const AT_ONCE = 8;

/** Many changes in one request, each a transaction of its own (RFC 7644 §3.7). */
export class ScimBulk {
  readonly #parts: {
    readonly users: ScimUsers;
    readonly groups: ScimGroups;
    readonly refused: RefusedChanges;
    readonly clock: Clock;
  };

  constructor(parts: {
    readonly users: ScimUsers;
    readonly groups: ScimGroups;
    readonly refused: RefusedChanges;
    readonly clock: Clock;
  }) {
    this.#parts = parts;
  }

  /**
   * Carries the operations out, those that speak of others after these. When it resolves every one of them has been
   * committed or refused; what `failOnErrors` left out is not among them.
   *
   * @throws DomainError what {@link readBulk} throws; `unavailable` when one of them met trouble of ours: the sender
   *   says everything again, and what has been done already changes nothing
   */
  async perform(origin: Origin, body: Body): Promise<readonly Performed[]> {
    const { users, groups, refused, clock } = this.#parts;
    const { operations, failOnErrors } = await refused.recorded(origin, () =>
      Promise.resolve(readBulk(body())),
    );
    const spokenOf = new Set<string>();
    const job = new Job(operations, failOnErrors, async (work) => {
      const about = isRefused(work) ? null : work.id;
      // A second word about somebody is newer than the first, as if it had come in a request of its own.
      const isLater = about !== null && spokenOf.has(about);
      if (about !== null) spokenOf.add(about);
      const receivedAt = isLater ? clock.now() : origin.receivedAt;
      const from = { ...origin, receivedAt, operation: work.index };
      try {
        return await carryOut(work, from, { users, groups, refused, interop: body.interop });
      } catch (error) {
        if (error instanceof DomainError && error.sort !== 'unavailable')
          return { kind: 'refused', why: error };
        throw error;
      }
    });
    await job.run();
    return operations.flatMap((operation) => {
      const done = job.done.get(operation);
      return done === undefined ? [] : [{ operation, done }];
    });
  }
}

type Work = BulkOperation | RefusedOperation;

const isRefused = (work: Work): work is RefusedOperation => 'refused' in work;

/** The order of one request's operations. */
class Job {
  readonly done = new Map<Work, Done>();
  readonly #all: readonly Work[];
  readonly #failOnErrors: number;
  readonly #carryOut: (work: Work) => Promise<Done>;
  /** bulkId → id of what was made. */
  readonly #made = new Map<string, string>();
  /** Made without what they say of each other: that follows when all are there. */
  readonly #incomplete: BulkOperation[] = [];
  #errors = 0;

  constructor(
    all: readonly Work[],
    failOnErrors: number,
    carryOutOne: (work: Work) => Promise<Done>,
  ) {
    this.#all = all;
    this.#failOnErrors = failOnErrors;
    this.#carryOut = carryOutOne;
  }

  async run(): Promise<void> {
    for (let waiting = this.#all; waiting.length > 0;) {
      const makers = waiting.filter((work) => !isRefused(work) && work.method === 'POST');
      const awaited = new Set(makers.map(({ bulkId }) => bulkId));
      const ready = waiting.filter((work) => !speaksOf(work, awaited));
      // Those that are left speak of each other: one is made without that.
      const chosen = ready.length > 0 ? ready : makers.slice(0, 1);
      await this.#round(chosen);
      waiting = waiting.filter((work) => !chosen.includes(work));
    }
    for (const operation of this.#incomplete) await this.#complete(operation);
  }

  async #round(chosen: readonly Work[]): Promise<void> {
    for (let from = 0; from < chosen.length;) {
      const batch = this.#batchAt(chosen, from);
      from += batch.length;
      const meant = batch.filter((work) => this.#errors < this.#failOnErrors || isLeave(work));
      // All of them, also when one meets trouble: nothing may go on behind an answer.
      const settled = await Promise.allSettled(meant.map((work) => this.#one(work)));
      const trouble = settled.find((one) => one.status === 'rejected');
      if (trouble !== undefined) throw trouble.reason;
    }
  }

  /** Changes of different people side by side; whatever else happens, one after the other. */
  #batchAt(chosen: readonly Work[], from: number): readonly Work[] {
    const people = new Set<string>();
    const most = this.#failOnErrors === Infinity ? AT_ONCE : 1;
    const coming = chosen.slice(from, from + most);
    const end = coming.findIndex((work) => {
      const person = isRefused(work) || work.type === 'Groups' ? null : work.id;
      if (person === null || people.has(person)) return true;
      people.add(person);
      return false;
    });
    return end === -1 ? coming : coming.slice(0, Math.max(end, 1));
  }

  async #one(work: Work): Promise<void> {
    const done = await this.#carryOut(isRefused(work) ? work : this.#prepared(work));
    this.done.set(work, done);
    if (done.kind === 'refused') this.#errors += 1;
    else if (!isRefused(work) && work.method === 'POST' && work.bulkId !== null)
      this.#made.set(work.bulkId, idOf(done));
  }

  #prepared(operation: BulkOperation): Work {
    const ready = resolved(operation, this.#made);
    const isMadeLater = (name: string): boolean =>
      this.#all.some((other) => other.bulkId === name && !this.done.has(other));
    const open = referencesIn(ready);
    const missing = open.find((name) => operation.method !== 'POST' || !isMadeLater(name));
    if (missing !== undefined) return { ...ready, refused: unresolved() };
    if (open.length === 0) return ready;
    this.#incomplete.push(operation);
    return { ...ready, data: withoutReferences(ready.data) };
  }

  async #complete(operation: BulkOperation): Promise<void> {
    const made = this.done.get(operation);
    if (made === undefined || made.kind === 'refused') return;
    const whole = { ...operation, method: 'PUT', id: idOf(made), version: undefined } as const;
    const ready = resolved(whole, this.#made);
    const [open] = referencesIn(ready);
    const done = await this.#carryOut(
      open === undefined ? ready : { ...ready, refused: unresolved() },
    );
    this.done.set(operation, done);
  }
}

const speaksOf = (work: Work, names: ReadonlySet<string | null>): boolean =>
  !isRefused(work) && referencesIn(work).some((name) => names.has(name));

/** The bulkId is the client's own word, and no error repeats those. */
const unresolved = (): DomainError =>
  new DomainError('scim.reference_unresolved', 'nothing was made under a bulkId that it names');

const idOf = (done: Done): string => {
  if (done.kind === 'user') return done.user.id;
  if (done.kind === 'group') return done.group.id;
  return '';
};

/** Whether it ends or may end somebody's access: that happens also when the rest is given up (P9). */
function isLeave(work: Work): boolean {
  if (isRefused(work)) return false;
  // Access may come from the group.
  if (work.type === 'Groups') return work.method !== 'POST';
  if (work.method === 'DELETE') return true;
  const { data, method } = work;
  const read = { POST: readCreate, PUT: readReplace, PATCH: readPatch }[method];
  const { word } = read(data);
  return word === 'false' || word === 'unreadable';
}

const DEEDS = { POST: 'create', PUT: 'replace', PATCH: 'patch' } as const;

function bodyOf({ method, type, data }: BulkOperation, interop: Interop): Body {
  const kind = type === 'Users' ? USERS : GROUPS;
  const isStrict = interop === 'strict' && method !== 'DELETE';
  const read = (): unknown => (isStrict ? strictly(data, DEEDS[method], kind) : data);
  return Object.assign(read, { interop });
}

async function carryOut(
  work: Work,
  origin: Origin,
  parts: {
    readonly users: ScimUsers;
    readonly groups: ScimGroups;
    readonly refused: RefusedChanges;
    readonly interop: Interop;
  },
): Promise<Done> {
  if (isRefused(work)) return parts.refused.recorded(origin, () => Promise.reject(work.refused));
  const { method, type, id, version, data } = work;
  const body = bodyOf(work, parts.interop);
  const at = id ?? '';
  if (method === 'DELETE') {
    if (data instanceof MalformedBody)
      return parts.refused.recorded(origin, () => Promise.reject(data.refusal));
    await (type === 'Users' ? parts.users : parts.groups).remove(origin, at, version);
    return { kind: 'removed' };
  }
  if (type === 'Users') return { kind: 'user', user: await change(parts.users) };
  return { kind: 'group', group: await change(parts.groups) };

  function change<T>(of: {
    create(origin: Origin, body: Body): Promise<T>;
    replace(origin: Origin, id: string, body: Body, ifMatch?: string): Promise<T>;
    patch(origin: Origin, id: string, body: Body, ifMatch?: string): Promise<T>;
  }): Promise<T> {
    if (method === 'POST') return of.create(origin, body);
    return method === 'PUT'
      ? of.replace(origin, at, body, version)
      : of.patch(origin, at, body, version);
  }
}
