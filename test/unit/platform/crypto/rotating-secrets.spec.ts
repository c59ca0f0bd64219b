// P2: dead stays dead; a rotated secret has one successor, and what somebody made up is told from what we made.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { newId } from '../../../../src/kernel/ids.js';
import {
  OpaqueSecrets,
  type ParsedSecret,
} from '../../../../src/platform/crypto/opaque-secrets.js';
import { RotatingSecrets } from '../../../../src/platform/crypto/rotating-secrets.js';

const PEPPER = Buffer.alloc(32, 7);
const secrets = new OpaqueSecrets(PEPPER);
const rotating = new RotatingSecrets(PEPPER, secrets);
const parse = (text: string): ParsedSecret<string> => secrets.parse('refresh', text)!;

describe('a rotating secret', () => {
  it('has exactly one successor, which can be told again', () => {
    const first = parse(rotating.first(newId()).text.reveal());
    const told = rotating.next(first, 1);
    expect(rotating.next(first, 1).text.reveal()).toBe(told.text.reveal());
    expect(secrets.matches(told.digest, parse(told.text.reveal()))).toBe(true);
  });

  it('has another successor under another predecessor, counter, id or pepper', () => {
    const id = newId<string>();
    const bytes = secrets.bytesOf(parse(rotating.first(id).text.reveal()));
    const first = parse(secrets.form('refresh', id, bytes).text.reveal());
    const elsewhere = parse(secrets.form('refresh', newId(), bytes).text.reveal());
    const other = new RotatingSecrets(Buffer.alloc(32, 8), secrets);
    const texts = [
      rotating.next(first, 1),
      rotating.next(first, 2),
      rotating.next(parse(rotating.first(id).text.reveal()), 1),
      rotating.next(elsewhere, 1),
      other.next(first, 1),
    ].map(({ text }) => text.reveal().slice(-49));
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('is ours in every generation of its chain', () => {
    let secret = parse(rotating.first(newId()).text.reveal());
    for (let counter = 1; counter < 20; counter += 1) {
      expect(rotating.isOurs(secret)).toBe(true);
      secret = parse(rotating.next(secret, counter).text.reveal());
    }
  });

  it('is not ours when somebody who knows the id made it up', () => {
    const id = newId<string>();
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        return !rotating.isOurs(parse(secrets.form('refresh', id, bytes).text.reveal()));
      }),
    );
    const moved = secrets.bytesOf(parse(rotating.first(id).text.reveal()));
    const elsewhere = parse(secrets.form('refresh', newId(), moved).text.reveal());
    expect(rotating.isOurs(elsewhere)).toBe(false);
  });
});
