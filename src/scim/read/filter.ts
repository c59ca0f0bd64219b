import { DomainError } from '../../kernel/domain-error.js';
import { UNSTORABLE } from './storable.js';

export type Literal = string | number | boolean | null;
export type Comparator = 'eq' | 'ne' | 'co' | 'sw' | 'ew' | 'gt' | 'ge' | 'lt' | 'le';

/**
 * RFC 7644 §3.4.2.2. Attribute paths are as sent: `emails.value`, with or without a schema's URN before them. `at` is
 * where a term stands in the text, from 1.
 */
export type Filter =
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Filter[] }
  | { readonly kind: 'not'; readonly filter: Filter }
  | Term;

export type Term =
  | { readonly kind: 'present'; readonly path: string; readonly at: number }
  | {
      readonly kind: 'compare';
      readonly path: string;
      readonly comparator: Comparator;
      readonly value: Literal;
      readonly at: number;
    }
  /** `emails[type eq "work"]`, and Entra's `emails[type eq "work"].value eq "…"`: `then` speaks of the same element. */
  | {
      readonly kind: 'element';
      readonly path: string;
      readonly filter: Filter;
      readonly then: Filter | null;
      readonly at: number;
    };

const COMPARATORS: readonly string[] = ['eq', 'ne', 'co', 'sw', 'ew', 'gt', 'ge', 'lt', 'le'];
const isComparator = (word: string): word is Comparator => COMPARATORS.includes(word);

/** What one request may cost us: nobody's mapping needs more. */
const MAX_LENGTH = 8_192;
const MAX_DEPTH = 16;
const MAX_TERMS = 64;

interface Token {
  readonly sort: 'word' | 'string' | 'number' | 'mark' | 'end';
  readonly text: string;
  readonly at: number;
}

const TOKEN =
  /\s*(?:(?<word>[A-Za-z$][\w$.:-]*)|(?<string>"(?:[^"\\]|\\.)*")|(?<number>-?\d[\d.eE+-]*)|(?<mark>[()[\].]))\s*/y;

/** The message names a place, never the text: a filter carries e-mail addresses. */
export const refusedAt = (at: number, why: string): DomainError =>
  new DomainError('scim.invalid_filter', `at position ${at} of the filter: ${why}`);

function tokensOf(source: string): Token[] {
  if (source.length > MAX_LENGTH)
    throw refusedAt(MAX_LENGTH + 1, `it is longer than ${MAX_LENGTH} characters`);
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let start = 0; start < source.length; start = TOKEN.lastIndex) {
    const found = TOKEN.exec(source);
    if (found?.groups === undefined) throw refusedAt(start + 1, 'an unexpected character');
    const at = start + 1 + found[0].length - found[0].trimStart().length;
    for (const sort of ['word', 'string', 'number', 'mark'] as const) {
      const text = found.groups[sort];
      if (text !== undefined) tokens.push({ sort, text, at });
    }
  }
  return tokens;
}

export interface ElementPath {
  readonly path: string;
  readonly filter: Filter | null;
  /** What follows the filter; without one, a sub-attribute is part of `path`. */
  readonly sub: string | null;
}

class FilterParser {
  readonly #tokens: readonly Token[];
  readonly #end: Token;
  #next = 0;
  #terms = 0;

  constructor(source: string) {
    this.#tokens = tokensOf(source);
    this.#end = { sort: 'end', text: 'the end', at: source.length + 1 };
  }

  whole(): Filter {
    const filter = this.#either(0);
    if (this.#peek().sort !== 'end') throw this.#unexpected('the end');
    return filter;
  }

  /** PATCH's path (RFC 7644 §3.5.2): an attribute, maybe a filter over its elements, maybe a sub-attribute. */
  path(): ElementPath {
    const path = this.#take('word', 'an attribute');
    const filter = this.#isMark('[') ? this.#enclosed('[', ']', 0) : null;
    if (filter !== null && this.#isMark('.')) this.#next += 1;
    else if (this.#peek().sort !== 'end') throw this.#unexpected('the end');
    const sub = this.#peek().sort === 'end' ? null : this.#take('word', 'a sub-attribute');
    if (this.#peek().sort !== 'end') throw this.#unexpected('the end');
    return { path, filter, sub };
  }

  /** `or` binds weaker than `and`. */
  #either(depth: number): Filter {
    if (depth > MAX_DEPTH) throw refusedAt(this.#peek().at, `it nests deeper than ${MAX_DEPTH}`);
    return this.#joined('or', () => this.#joined('and', () => this.#term(depth)));
  }

  #joined(word: 'and' | 'or', operand: () => Filter): Filter {
    const first = operand();
    if (!this.#isWord(word)) return first;
    const parts = [first];
    while (this.#isWord(word)) {
      this.#next += 1;
      parts.push(operand());
    }
    return { kind: word, parts };
  }

  #term(depth: number): Filter {
    this.#terms += 1;
    if (this.#terms > MAX_TERMS)
      throw refusedAt(this.#peek().at, `it has more than ${MAX_TERMS} terms`);
    if (this.#isMark('(')) return this.#enclosed('(', ')', depth);
    if (this.#isWord('not') && this.#peek(1).text === '(') {
      this.#next += 1;
      return { kind: 'not', filter: this.#enclosed('(', ')', depth) };
    }
    const { at } = this.#peek();
    const path = this.#take('word', 'an attribute');
    if (this.#isMark('[')) return this.#element(path, at, depth);
    return this.#condition(path, at);
  }

  #element(path: string, at: number, depth: number): Filter {
    const filter = this.#enclosed('[', ']', depth);
    if (!this.#isMark('.')) return { kind: 'element', path, filter, then: null, at };
    this.#next += 1;
    const then = this.#peek();
    return {
      kind: 'element',
      path,
      filter,
      then: this.#condition(this.#take('word', 'a sub-attribute'), then.at),
      at,
    };
  }

  #condition(path: string, at: number): Filter {
    const operator = this.#peek();
    const word = this.#take('word', 'an operator').toLowerCase();
    if (word === 'pr') return { kind: 'present', path, at };
    if (!isComparator(word)) throw refusedAt(operator.at, 'an unknown operator');
    return { kind: 'compare', path, comparator: word, value: this.#literal(), at };
  }

  #enclosed(open: string, close: string, depth: number): Filter {
    this.#mark(open);
    const filter = this.#either(depth + 1);
    this.#mark(close);
    return filter;
  }

  #literal(): Literal {
    const { sort, text, at } = this.#peek();
    if (sort === 'mark' || sort === 'end') throw this.#unexpected('a value');
    this.#next += 1;
    const value = literalOf(sort === 'word' ? text.toLowerCase() : text);
    if (value === undefined)
      throw refusedAt(at, 'a value is a JSON string, a number, true, false or null');
    if (typeof value === 'string' && UNSTORABLE.test(value))
      throw refusedAt(at, 'a value holds a character that no attribute can hold');
    return value;
  }

  #peek(ahead = 0): Token {
    return this.#tokens[this.#next + ahead] ?? this.#end;
  }

  #isWord(word: string): boolean {
    const { sort, text } = this.#peek();
    return sort === 'word' && text.toLowerCase() === word;
  }

  #isMark(mark: string): boolean {
    return this.#peek().sort === 'mark' && this.#peek().text === mark;
  }

  #mark(mark: string): void {
    if (!this.#isMark(mark)) throw this.#unexpected(mark);
    this.#next += 1;
  }

  #take(sort: Token['sort'], expected: string): string {
    const token = this.#peek();
    if (token.sort !== sort) throw this.#unexpected(expected);
    this.#next += 1;
    return token.text;
  }

  #unexpected(expected: string): DomainError {
    return refusedAt(this.#peek().at, `${expected} is expected`);
  }
}

/** RFC 7644 §3.4.2.2: a comparison value is a JSON string, number, true, false or null. */
function literalOf(text: string): Literal | undefined {
  try {
    // No token is an object or a list.
    return JSON.parse(text) as Literal;
  } catch {
    return undefined;
  }
}

/** @throws DomainError `scim.invalid_filter`, and nothing else */
export const parseFilter = (source: string): Filter => new FilterParser(source).whole();

/** @throws DomainError `scim.invalid_path`, and nothing else */
export function parsePath(source: string): ElementPath {
  try {
    return new FilterParser(source).path();
  } catch (error) {
    throw new DomainError('scim.invalid_path', 'a path is not one of RFC 7644 §3.5.2', {
      cause: error,
    });
  }
}
