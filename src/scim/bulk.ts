import type { Origin } from '../deprovision/index.js';
import type { Clock } from '../kernel/clock.js';
import { DomainError } from '../kernel/domain-error.js';
import type { Tx } from '../kernel/tx.js';
import { BulkOrder, isRefused, type Done, type Step, type Work } from './bulk-order.js';
import type { ScimGroups } from './groups.js';
import { MalformedBody } from './read/body.js';
import { readBulk, type BulkOperation, type BulkRequest } from './read/bulk.js';
import { readCreate, readPatch, readReplace, type Interop } from './read/edit.js';
import { GROUPS } from './read/group-schema.js';
import { strictly } from './read/strict.js';
import { USERS } from './read/user-schema.js';
import type { RefusedChanges } from './refused-changes.js';
import type { Body, ScimUsers } from './users.js';

export interface Performed {
  readonly operation: Work;
  readonly done: Done;
}

/** What is remembered of a request that may be carried out in several runs, by several processes. */
export interface Journal {
  /** What became of it in an earlier run; null: nothing that anybody knows of. */
  known(place: Place): Done | null;
  /** Writes the outcome with the change itself. @throws AlreadyDone when another run has done it: then nothing is written */
  readonly note: (tx: Tx, place: Place, done: Done) => Promise<void>;
  /** What another run has written. */
  lookUp(place: Place): Promise<Done>;
  /** Writes a refusal. @returns what stands there: another run may have been before us */
  refuse(place: Place, why: DomainError): Promise<Done>;
  /** Whether trouble of ours counts as a refusal by now. */
  readonly givesUp: boolean;
  /** @throws Error when this run has to end */
  goOn(): void;
}

export interface Place {
  readonly index: number;
  readonly step: Step;
}

export class AlreadyDone extends Error {}

interface Parts {
  readonly users: ScimUsers;
  readonly groups: ScimGroups;
  readonly refused: RefusedChanges;
}

/** Many changes in one request, each a transaction of its own (RFC 7644 §3.7). */
export class ScimBulk {
  readonly #parts: Parts & { readonly clock: Clock };

  constructor(parts: Parts & { readonly clock: Clock }) {
    this.#parts = parts;
  }

  /** @throws DomainError what {@link readBulk} throws, once that is recorded */
  read(origin: Origin, body: Body): Promise<BulkRequest> {
    return this.#parts.refused.recorded(origin, () => Promise.resolve(readBulk(body())));
  }

  /**
   * Carries the operations out, those that speak of others after these. When it resolves every one of them has been
   * committed or refused; what `failOnErrors` left out is not among them.
   *
   * @throws DomainError `unavailable` when one of them met trouble of ours: the sender says everything again, and what
   *   has been done already changes nothing
   */
  perform(origin: Origin, request: BulkRequest, interop: Interop): Promise<readonly Performed[]> {
    const { clock } = this.#parts;
    const spokenOf = new Set<string>();
    return this.#inOrder(request, (work) => {
      const about = isRefused(work) ? null : work.id;
      // A second word about somebody is newer than the first, as if it had come in a request of its own.
      const isLater = about !== null && spokenOf.has(about);
      if (about !== null) spokenOf.add(about);
      const receivedAt = isLater ? clock.now() : origin.receivedAt;
      const from = { ...origin, receivedAt, operation: work.index };
      return refusalOr(carryOut(work, from, { ...this.#parts, interop }));
    });
  }

  /**
   * The same of a request that was put off: what an earlier run has done is not done again. Whatever it says is as old as
   * the request: it lifts nothing that was set since.
   *
   * @throws DomainError `unavailable`; Error when the journal says so
   */
  resume(
    origin: Origin,
    { request, interop }: { readonly request: BulkRequest; readonly interop: Interop },
    journal: Journal,
  ): Promise<readonly Performed[]> {
    const { users, groups, refused } = this.#parts;
    return this.#inOrder(request, async (work, step) => {
      const place = { index: work.index, step };
      const known = journal.known(place);
      if (known !== null) return known;
      journal.goOn();
      const note = (tx: Tx, done: Done) => journal.note(tx, place, done);
      const noting = { users: users.alongside(note), groups: groups.alongside(note), refused };
      const from = { ...origin, operation: work.index };
      try {
        return await carryOut(work, from, { ...noting, interop });
      } catch (error) {
        if (error instanceof AlreadyDone) return journal.lookUp(place);
        if (!(error instanceof DomainError)) throw error;
        if (error.sort === 'unavailable' && !journal.givesUp) throw error;
        return journal.refuse(place, error);
      }
    });
  }

  async #inOrder(
    request: BulkRequest,
    carryOutOne: (work: Work, step: Step) => Promise<Done>,
  ): Promise<readonly Performed[]> {
    const order = new BulkOrder(request, { isLeave, carryOut: carryOutOne });
    await order.run();
    return request.operations.flatMap((operation) => {
      const done = order.done.get(operation);
      return done === undefined ? [] : [{ operation, done }];
    });
  }
}

/**
 * Whether a request may be carried out later: all of it can be read, and nothing in it ends or may end anybody's
 * access.
 */
export const mayWait = ({ operations }: BulkRequest): boolean =>
  operations.every((work) => !isRefused(work) && !isMalformed(work) && !isLeave(work));

const isMalformed = ({ data }: BulkOperation): boolean => data instanceof MalformedBody;

async function refusalOr(work: Promise<Done>): Promise<Done> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof DomainError && error.sort !== 'unavailable')
      return { kind: 'refused', why: error };
    throw error;
  }
}

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
  parts: Parts & { readonly interop: Interop },
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
  const made = await (type === 'Users' ? change(parts.users) : change(parts.groups));
  return { kind: type === 'Users' ? 'user' : 'group', id: made.id, version: made.version };

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
