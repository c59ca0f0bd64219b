// P2: dead stays dead; what the store keeps of a secret cannot be turned back into one.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { inspect } from 'node:util';
import { newId } from '../../../../src/kernel/ids.js';
import { OpaqueSecrets, type SecretType } from '../../../../src/platform/crypto/opaque-secrets.js';

const PEPPER = Buffer.alloc(32, 7);
const secrets = new OpaqueSecrets(PEPPER);
const types: readonly SecretType[] = ['admin', 'api', 'scim', 'gateway', 'bootstrap', 'refresh'];

describe('an opaque secret', () => {
  it.each(types)('of type %s is recognised by the digest that was stored', (type) => {
    const id = newId<string>();
    const { text, digest } = secrets.mint(type, id);
    const parsed = secrets.parse(type, text.reveal());
    expect(text.reveal()).toMatch(
      new RegExp(`^ofs_${type}_${id.replaceAll('-', '')}_[0-9A-Za-z]{49}$`),
    );
    expect(parsed?.id).toBe(id);
    expect(parsed !== null && secrets.matches(digest, parsed)).toBe(true);
  });

  it('is not printed by JSON, inspect or a template', () => {
    const { text } = secrets.mint('api', newId());
    const parsed = secrets.parse('api', text.reveal());
    const core = text.reveal().slice(-49, -6);
    for (const shown of [
      JSON.stringify({ text, parsed }),
      inspect({ text, parsed }, { depth: 9, showHidden: true }),
      text.toString(),
      inspect(secrets, { depth: 9, showHidden: true }),
    ])
      expect(shown).not.toContain(core);
  });

  it('of one type does not open the door of another', () => {
    const { text } = secrets.mint('bootstrap', newId());
    expect(secrets.parse('refresh', text.reveal())).toBeNull();
  });

  it('has a digest that fits no other row, type, pepper or secret', () => {
    const id = newId<string>();
    const bytes = Buffer.alloc(32, 1);
    const { digest } = secrets.form('api', id, bytes);
    const others = [
      secrets.form('admin', id, bytes),
      secrets.form('api', newId(), bytes),
      secrets.form('api', id, Buffer.alloc(32, 2)),
      new OpaqueSecrets(Buffer.alloc(32, 8)).form('api', id, bytes),
    ];
    for (const other of others)
      expect(Buffer.from(other.digest).equals(Buffer.from(digest))).toBe(false);
    const parsed = secrets.parse('api', secrets.mint('api', id).text.reveal());
    expect(parsed !== null && secrets.matches(digest, parsed)).toBe(false);
    expect(parsed !== null && secrets.matches(new Uint8Array(3), parsed)).toBe(false);
  });

  it('survives the round trip whatever its 32 bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), (bytes) => {
        const made = secrets.form('refresh', newId(), bytes);
        const parsed = secrets.parse('refresh', made.text.reveal());
        return (
          parsed !== null &&
          secrets.matches(made.digest, parsed) &&
          Buffer.from(secrets.bytesOf(parsed)).equals(Buffer.from(bytes))
        );
      }),
    );
  });

  it('with one changed letter is dropped before any database is asked', () => {
    const text = secrets.mint('api', newId()).text.reveal();
    fc.assert(
      fc.property(
        fc.nat(text.length - 1),
        fc.constantFrom('0', 'a', 'Z', '_', '-'),
        (at, letter) => {
          fc.pre(text[at] !== letter);
          return secrets.parse('api', text.slice(0, at) + letter + text.slice(at + 1)) === null;
        },
      ),
    );
  });

  it('is never read from nonsense', () => {
    fc.assert(fc.property(fc.anything(), (value) => secrets.parse('api', value) === null));
  });

  it('refuses a pepper of another length', () => {
    expect(() => new OpaqueSecrets(new Uint8Array(31))).toThrow('the pepper is not 32 bytes');
  });
});
