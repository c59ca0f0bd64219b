import type { GenerationScope, RevocationRecord } from '../../contract/revocation-record.js';
import type { KeptEntry } from './kept-view.js';
import { MINUTE_MS, Minimums } from './minimums.js';
import { Subject } from './subject.js';

/**
 * What a gateway remembers of revocations. The merge is `max`: idempotent, commutative and associative, and
 * nothing ever lowers a value; a repeat, a reorder or a replay changes nothing.
 */
export class Generations {
  readonly #scopes = {
    org: new Minimums(),
    user: new Minimums(),
    device: new Minimums(),
    family: new Minimums(),
  } satisfies Record<GenerationScope, Minimums>;
  readonly #foreign = new Minimums();
  readonly #kids = new Set<string>();

  apply(record: RevocationRecord): void {
    const { scope, subject, generation, not_before: notBefore } = record;
    if (scope === 'kid') {
      this.#kids.add(subject);
      return;
    }
    const at = Date.parse(record.revoked_at);
    if (scope === 'ext') this.#foreign.raise(foreigner(record.org, subject), notBefore ?? 0, at);
    else this.#scopes[scope].raise(new Subject(subject), generation ?? 0, at);
  }

  /** Revoked signing keys are never forgotten. */
  addKids(kids: readonly string[]): void {
    for (const kid of kids) this.#kids.add(kid);
  }

  /** The smallest generation that is still good; 0 for a subject that is not known. */
  least(scope: GenerationScope, subject: Subject): number {
    return this.#scopes[scope].least(subject);
  }

  /** Unix seconds: what a foreign issuer signed for this subject then or earlier is refused; 0 when not known. */
  notBefore(org: string, subject: string): number {
    return this.#foreign.least(foreigner(org, subject));
  }

  isKidRevoked(kid: string): boolean {
    return this.#kids.has(kid);
  }

  /** Everything, also while records come in: those may be there or not. */
  *entries(): Generator<KeptEntry> {
    for (const [scope, minimums] of Object.entries(this.#scopes) as [GenerationScope, Minimums][])
      for (const entry of minimums.entries()) yield [scope, ...entry];
    for (const entry of this.#foreign.entries()) yield ['ext', ...entry];
    for (const kid of this.#kids) yield ['kid', kid, 0, 0];
  }

  /** Merges what {@link entries} gave. */
  restore([scope, subject, least, minute]: KeptEntry): void {
    const atMs = minute * MINUTE_MS;
    if (scope === 'kid') this.#kids.add(subject);
    else if (scope === 'ext') this.#foreign.raise(new Subject(subject), least, atMs);
    else this.#scopes[scope].raise(new Subject(subject), least, atMs);
  }

  /** Drops what can refuse no living token any more: revocations before this time. */
  forget(beforeMs: number): void {
    for (const minimums of Object.values(this.#scopes)) minimums.forget(beforeMs);
    this.#foreign.forget(beforeMs);
  }

  /** How many subjects are remembered, revoked keys included. */
  get size(): number {
    const subjects = Object.values(this.#scopes).reduce((sum, { size }) => sum + size, 0);
    return subjects + this.#foreign.size + this.#kids.size;
  }
}

/** The same name may mean somebody else in another organization. */
const foreigner = (org: string, subject: string): Subject => new Subject(`${org}/${subject}`);
