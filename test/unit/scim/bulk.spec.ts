// P9: fail closed. Whatever a bulk request holds, reading it never throws anything but a refusal, and nothing half-read is done.
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DomainError } from '../../../src/kernel/domain-error.js';
import { readBulk, type BulkOperation } from '../../../src/scim/read/bulk.js';
import {
  referencesIn,
  resolved,
  withoutReferences,
} from '../../../src/scim/read/bulk-references.js';

const path = fc.constantFrom(
  '/Users',
  '/Users/x',
  'Groups/bulkId:a',
  '/Devices/1',
  '',
  '//',
  '/Users/%',
);
const method = fc.constantFrom('POST', 'put', 'Patch', 'DELETE', 'GET', '', 7);
const text = fc.constantFrom('bulkId:a', 'BULKID:b', 'bulkId:', 'a', '__proto__', 'constructor');
const data = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    text,
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value'), { maxLength: 4 }),
    fc.dictionary(text, tie('value'), { maxKeys: 4 }),
  ),
})).value;
const operation = fc.oneof(
  fc.record({ method, path, data, bulkId: text, version: fc.jsonValue() }, { requiredKeys: [] }),
  fc.jsonValue(),
);
const body = fc.oneof(
  fc.record(
    { Operations: fc.array(operation, { maxLength: 8 }), failOnErrors: fc.jsonValue() },
    { requiredKeys: ['Operations'] },
  ),
  fc.jsonValue(),
);

const readable = (given: unknown): readonly BulkOperation[] => {
  try {
    return readBulk(given).operations.flatMap((one) => ('refused' in one ? [] : [one]));
  } catch (error) {
    expect(error).toBeInstanceOf(DomainError);
    return [];
  }
};

describe('a bulk request', () => {
  it('is read or refused, and an operation that is read has a method, a type and an id where it needs one', () => {
    fc.assert(
      fc.property(body, (given) => {
        for (const one of readable(given)) {
          expect(['POST', 'PUT', 'PATCH', 'DELETE']).toContain(one.method);
          expect(one.id === null).toBe(one.method === 'POST');
        }
      }),
    );
  });

  it('speaks of nothing any more when everything that it speaks of is known', () => {
    fc.assert(
      fc.property(body, (given) => {
        for (const one of readable(given)) {
          const made = new Map(referencesIn(one).map((name, i) => [name, `id-${i}`]));
          expect(referencesIn(resolved(one, made))).toEqual([]);
          expect(resolved(one, new Map())).toEqual(one);
        }
      }),
    );
  });

  it('can be made without what it speaks of, and keeps all else', () => {
    fc.assert(
      fc.property(data, (value) => {
        const holder = {
          method: 'POST',
          bulkId: null,
          type: 'Users',
          id: null,
          version: undefined,
        };
        const left = withoutReferences({ value });
        expect(referencesIn({ ...holder, data: left } as BulkOperation)).toEqual([]);
        if (referencesIn({ ...holder, data: { value } } as BulkOperation).length === 0)
          expect(left).toEqual({ value });
      }),
    );
  });
});
