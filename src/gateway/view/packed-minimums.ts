import { hashOfWords, type Subject } from './subject.js';

/** Entries before the first growth. */
const FIRST = 64;
/** Slots for each entry that there is room for: a quarter of them, at most, is taken. */
const SLOTS = 4;
const EMPTY = 0;
/** The minute of a place that nobody has. */
const NOBODY = -(2 ** 31);
/** An entry that has left; the search goes on behind it. */
const LEFT = -1;

/**
 * A table from UUIDs to a number and a minute, in typed arrays: some 50 bytes an entry, where a Map of strings and
 * objects takes 140. Whoever asks has seen to it that the subject is a UUID.
 */
export class PackedMinimums {
  #size = 0;
  /** Places that were ever taken, from the front; those that have left are `#free`. */
  #used = 0;
  #free: number[] = [];
  /** Four words of each entry's UUID. */
  #keys = new Int32Array(4 * FIRST);
  #least = new Float64Array(FIRST);
  #minutes = new Int32Array(FIRST);
  /** Open addressing: place + 1, EMPTY or LEFT. */
  #slots = new Int32Array(SLOTS * FIRST);
  #left = 0;
  /** Places by the minute of their revocation, so that forgetting looks only at what is due. */
  readonly #byMinute = new Map<number, number[]>();

  get size(): number {
    return this.#size;
  }

  /** The larger value stays, and the later minute. */
  raise(subject: Subject, value: number, minute: number): void {
    let place = this.#find(subject);
    if (place === -1) {
      place = this.#add(subject);
      this.#least[place] = value;
      this.#date(place, minute);
      return;
    }
    if (value > (this.#least[place] ?? 0)) this.#least[place] = value;
    if (minute > (this.#minutes[place] ?? 0)) this.#date(place, minute);
  }

  /** 0 when it is not known. */
  least(subject: Subject): number {
    if (this.#size === 0) return 0;
    const place = this.#find(subject);
    return place === -1 ? 0 : (this.#least[place] ?? 0);
  }

  /** UUID, value, minute. An entry never changes its place, so that whoever takes long misses none that stays and meets none twice. */
  *entries(): Generator<readonly [subject: string, least: number, minute: number]> {
    for (let place = 0; place < this.#used; place += 1) {
      const minute = this.#minutes[place] ?? NOBODY;
      if (minute !== NOBODY) yield [this.#spell(place), this.#least[place] ?? 0, minute];
    }
  }

  /** Drops entries whose minute is before this one. */
  forget(firstKept: number): void {
    for (const [minute, places] of this.#byMinute) {
      if (minute >= firstKept) continue;
      // A place that was dated anew stands in a later minute's list, too.
      for (const place of places) if (this.#minutes[place] === minute) this.#remove(place);
      this.#byMinute.delete(minute);
    }
  }

  #date(place: number, minute: number): void {
    this.#minutes[place] = minute;
    const places = this.#byMinute.get(minute);
    if (places === undefined) this.#byMinute.set(minute, [place]);
    else places.push(place);
  }

  #spell(place: number): string {
    const digits = Array.from(this.#keys.subarray(4 * place, 4 * place + 4), (word) =>
      (word >>> 0).toString(16).padStart(8, '0'),
    ).join('');
    return digits.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
  }

  /** The place of a subject; -1 when it has none. */
  #find({ a, b, c, d, hash }: Subject): number {
    const slots = this.#slots;
    const keys = this.#keys;
    const mask = slots.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const taken = slots[slot] ?? EMPTY;
      if (taken === EMPTY) return -1;
      if (taken === LEFT) continue;
      const at = 4 * (taken - 1);
      if (keys[at + 3] === d && keys[at + 2] === c && keys[at + 1] === b && keys[at] === a)
        return taken - 1;
    }
  }

  #add({ a, b, c, d, hash }: Subject): number {
    const room = this.#least.length;
    if (this.#free.length === 0 && this.#used === room) this.#grow(2 * room);
    // Half of the slots are in use, at least half of them by who has left.
    else if (2 * (this.#size + this.#left) >= this.#slots.length) this.#fill(this.#slots.length);
    const place = this.#free.pop() ?? this.#used++;
    const at = 4 * place;
    this.#keys[at] = a;
    this.#keys[at + 1] = b;
    this.#keys[at + 2] = c;
    this.#keys[at + 3] = d;
    this.#put(place, hash);
    this.#size += 1;
    return place;
  }

  #remove(place: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = this.#hashAt(place) & mask;
    while (slots[slot] !== place + 1) slot = (slot + 1) & mask;
    slots[slot] = LEFT;
    this.#left += 1;
    this.#size -= 1;
    this.#minutes[place] = NOBODY;
    this.#free.push(place);
  }

  #put(place: number, hash: number): void {
    const slots = this.#slots;
    const mask = slots.length - 1;
    let slot = hash & mask;
    while ((slots[slot] ?? EMPTY) !== EMPTY) slot = (slot + 1) & mask;
    slots[slot] = place + 1;
  }

  #grow(room: number): void {
    const [keys, least, minutes] = [this.#keys, this.#least, this.#minutes];
    this.#keys = new Int32Array(4 * room);
    this.#keys.set(keys);
    this.#least = new Float64Array(room);
    this.#least.set(least);
    this.#minutes = new Int32Array(room);
    this.#minutes.set(minutes);
    this.#fill(SLOTS * room);
  }

  /** Slots anew, without those who left. */
  #fill(count: number): void {
    this.#slots = new Int32Array(count);
    this.#left = 0;
    for (let place = 0; place < this.#used; place += 1) {
      if (this.#minutes[place] !== NOBODY) this.#put(place, this.#hashAt(place));
    }
  }

  #hashAt(place: number): number {
    const [keys, at] = [this.#keys, 4 * place];
    return hashOfWords(keys[at + 1] ?? 0, keys[at + 2] ?? 0, keys[at + 3] ?? 0);
  }
}
