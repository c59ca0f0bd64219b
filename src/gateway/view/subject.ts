const NO_DIGIT = 16;
/** Value of each lower-case hexadecimal digit by its character code. */
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => {
  const at = '0123456789abcdef'.indexOf(String.fromCharCode(code));
  return at === -1 ? NO_DIGIT : at;
});

/** The words that were read last. */
const WORDS = new Int32Array(4);

/**
 * A subject as the tables of a view look for it: read once, asked about with every check of its tokens. Only the
 * spelling that records use is a UUID here (lower case); anything else is somebody of that name.
 */
export class Subject {
  readonly id: string;
  readonly isUuid: boolean;
  /** The words of the UUID, as signed integers of 32 bits; zeros when it is none. */
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
  readonly hash: number;

  constructor(id: string) {
    this.id = id;
    this.isUuid = readWords(id);
    this.a = this.isUuid ? (WORDS[0] ?? 0) : 0;
    this.b = this.isUuid ? (WORDS[1] ?? 0) : 0;
    this.c = this.isUuid ? (WORDS[2] ?? 0) : 0;
    this.d = this.isUuid ? (WORDS[3] ?? 0) : 0;
    this.hash = hashOfWords(this.b, this.c, this.d);
  }
}

/** The last words of a UUIDv7 and of a random one are random. */
export function hashOfWords(b: number, c: number, d: number): number {
  const mixed = Math.imul(c ^ Math.imul(d, 0x9e3779b1), 0x85ebca6b);
  return mixed ^ (mixed >>> 15) ^ b;
}

/** Reads `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`. @returns false when it is something else */
function readWords(id: string): boolean {
  if (id.length !== 36) return false;
  let word = 0;
  let digits = 0;
  for (let i = 0; i < 36; i += 1) {
    const code = id.charCodeAt(i);
    if (i === 8 || i === 13 || i === 18 || i === 23) {
      if (code !== 45) return false;
      continue;
    }
    const digit = code < 128 ? (DIGITS[code] ?? NO_DIGIT) : NO_DIGIT;
    if (digit === NO_DIGIT) return false;
    word = (word << 4) | digit;
    digits += 1;
    if ((digits & 7) === 0) WORDS[(digits >> 3) - 1] = word;
  }
  return true;
}
