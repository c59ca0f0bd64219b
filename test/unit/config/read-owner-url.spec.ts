// Configuration: an error names the variable and the rule, never the value.
import { expect, it } from '@jest/globals';
import { readOwnerUrl } from '../../../src/config/read-owner-url.js';

it('is read without any of the secrets of the service', () => {
  const url = 'postgres://owner:example@127.0.0.1/offswitch';
  expect(readOwnerUrl({ DATABASE_OWNER_URL: url })?.reveal()).toBe(url);
});

it('is null when it is not set', () => {
  expect(readOwnerUrl({})).toBeNull();
});

it('names the variable and not its value when it is no such URL', () => {
  const read = (): unknown => readOwnerUrl({ DATABASE_OWNER_URL: 'mysql://example-secret' });
  expect(read).toThrow(/DATABASE_OWNER_URL: must be a postgres:\/\/ URL/);
  expect(read).not.toThrow(/example-secret/);
});
