import { DomainError } from '../kernel/domain-error.js';
import type { BulkOperation, BulkRequest, RefusedOperation } from './read/bulk.js';
import { referencesIn, resolved, withoutReferences } from './read/bulk-references.js';

export type Work = BulkOperation | RefusedOperation;

export const isRefused = (work: Work): work is RefusedOperation => 'refused' in work;

/** What became of an operation. */
export type Done =
  | { readonly kind: 'user' | 'group'; readonly id: string; readonly version: number }
  | { readonly kind: 'removed' }
  | { readonly kind: 'refused'; readonly why: DomainError };

/** An operation is carried out, and some of those that speak of each other are completed afterwards. */
export type Step = 'whole' | 'completion';

/**
 * Changes of different people are independent: so many of one request are under way at once. The heart lets half of them
 * leave in one transaction, so that one is planned while the other is written.
 */
const AT_ONCE = 64;

/** Of those that take nobody's access away: each is a transaction of its own, and its turn comes soon or not at all. */
const OTHERS_AT_ONCE = 8;

/** The order of one request's operations. */
export class BulkOrder {
  readonly done = new Map<Work, Done>();
  readonly #all: readonly Work[];
  readonly #failOnErrors: number;
  readonly #isLeave: (work: Work) => boolean;
  readonly #carryOut: (work: Work, step: Step) => Promise<Done>;
  /** bulkId → id of what was made. */
  readonly #made = new Map<string, string>();
  /** Made without what they say of each other: that follows when all are there. */
  readonly #incomplete: BulkOperation[] = [];
  #errors = 0;

  constructor(
    { operations, failOnErrors }: BulkRequest,
    parts: {
      readonly isLeave: (work: Work) => boolean;
      readonly carryOut: (work: Work, step: Step) => Promise<Done>;
    },
  ) {
    this.#all = operations;
    this.#failOnErrors = failOnErrors;
    this.#isLeave = parts.isLeave;
    this.#carryOut = parts.carryOut;
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
      const meant = batch.filter(
        (work) => this.#errors < this.#failOnErrors || this.#isLeave(work),
      );
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
    let others = 0;
    const end = coming.findIndex((work) => {
      const person = isRefused(work) || work.type === 'Groups' ? null : work.id;
      if (person === null || people.has(person)) return true;
      people.add(person);
      if (!this.#isLeave(work)) others += 1;
      return others > OTHERS_AT_ONCE;
    });
    return end === -1 ? coming : coming.slice(0, Math.max(end, 1));
  }

  async #one(work: Work): Promise<void> {
    const done = await this.#carryOut(isRefused(work) ? work : this.#prepared(work), 'whole');
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
      'completion',
    );
    this.done.set(operation, done);
  }
}

const speaksOf = (work: Work, names: ReadonlySet<string | null>): boolean =>
  !isRefused(work) && referencesIn(work).some((name) => names.has(name));

/** The bulkId is the client's own word, and no error repeats those. */
const unresolved = (): DomainError =>
  new DomainError('scim.reference_unresolved', 'nothing was made under a bulkId that it names');

const idOf = (done: Done): string => ('id' in done ? done.id : '');
