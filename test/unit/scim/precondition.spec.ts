// P9: a condition changes nothing about what a request says of access, and when that is known.
import { expect, it } from '@jest/globals';
import { editOf } from '../../../src/scim/read/precondition.js';
import { readReplace } from '../../../src/scim/read/edit.js';

it.each([true, false])('an edit with If-Match says beforehand that active is %s', (active) => {
  expect(editOf('W/"1"', readReplace({ userName: 'ada', active })).word).toBe(String(active));
});
