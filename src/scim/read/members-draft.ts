import type { MembersChange } from '../../deprovision/index.js';
import { invalidValue } from './value.js';

/** More than a body can name; it bounds what one request makes the database do. */
const MAX_MEMBERS = 100_000;

/** What the operations of a request make of a group's members, in their order: the last word about each counts. */
export class MembersDraft {
  #replaces = false;
  readonly #add = new Set<string>();
  readonly #remove = new Set<string>();

  add(values: readonly string[]): void {
    for (const value of values) {
      this.#remove.delete(value);
      this.#add.add(value);
    }
  }

  remove(values: readonly string[]): void {
    for (const value of values) {
      this.#add.delete(value);
      // Nobody else is left where all were replaced.
      if (!this.#replaces) this.#remove.add(value);
    }
  }

  replace(values: readonly string[]): void {
    this.#replaces = true;
    this.#add.clear();
    this.#remove.clear();
    this.add(values);
  }

  change(): MembersChange {
    if (this.#add.size + this.#remove.size > MAX_MEMBERS)
      throw invalidValue(`members are more than ${MAX_MEMBERS} in one request`);
    return { replaces: this.#replaces, add: [...this.#add], remove: [...this.#remove] };
  }
}
