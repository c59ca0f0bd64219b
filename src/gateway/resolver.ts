import { askedFor, type Asked } from './doubts.js';
import type { Guard, Word } from './guard.js';
import type { Unsure, Verdict } from './verdict.js';

export interface ResolverParts {
  readonly guard: Guard;
  /** Whether the service knows the token and lets it live. @throws anything when it cannot be asked */
  readonly introspect: (token: string) => Promise<boolean>;
  /** True when the keys have come again: ours, or those of a foreign issuer (by its registration). */
  readonly refreshKeys: (foreign: string | null) => Promise<boolean>;
  readonly onFailure: (error: unknown) => void;
  /** Questions at once; what comes on top is decided without the service. 64 by default. */
  readonly capacity?: number;
}

const CAPACITY = 64;

/** Clears doubts: new keys for an unknown one, the service's word for a view that is too old. */
export class Resolver {
  readonly #parts: ResolverParts;
  #underWay = 0;

  constructor(parts: ResolverParts) {
    this.#parts = parts;
  }

  /** The doubt may be about something that has passed: all is looked at again, before the question and after it. */
  async resolve(doubt: Unsure): Promise<Verdict> {
    const about = askedFor(doubt);
    if (about === undefined) return doubt;
    const { token, route, foreign } = about;
    const again = await this.#withKeys(about, doubt);
    if (again.kind !== 'unsure') return again;
    if (again.reason !== 'view.stale' && again.reason !== 'view.unusable') return again;
    // Of the tokens of others the service knows nothing: only a view can speak of them.
    const word = foreign === null ? await this.#ask(token) : 'none';
    // A refusal by what the view has learnt meanwhile holds, whatever the service says.
    return this.#parts.guard.checkWith(word, token, route);
  }

  async #withKeys({ token, route, foreign }: Asked, doubt: Unsure): Promise<Verdict> {
    const { guard, refreshKeys } = this.#parts;
    const isAsked = doubt.reason === 'key.unknown' && (await refreshKeys(foreign));
    const verdict = guard.check(token, route);
    const isNobodys = verdict.kind === 'unsure' && verdict.reason === 'key.unknown' && isAsked;
    return isNobodys ? { kind: 'deny', reason: 'key.unknown' } : verdict;
  }

  async #ask(token: string): Promise<Word> {
    const { introspect, onFailure, capacity = CAPACITY } = this.#parts;
    if (this.#underWay >= capacity) return 'none';
    this.#underWay += 1;
    try {
      return (await introspect(token)) ? 'active' : 'inactive';
    } catch (error) {
      onFailure(error);
      return 'none';
    } finally {
      this.#underWay -= 1;
    }
  }
}
