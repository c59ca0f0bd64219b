// P6: trouble of ours is a 5xx, and a 4xx is only for requests that will never be right.
import { NotFoundException } from '@nestjs/common';
import { describe, expect, it } from '@jest/globals';
import { DomainError, type ErrorCode } from '../../../../src/kernel/domain-error.js';
import { refusalOf } from '../../../../src/platform/http/refusal.js';

describe('a refusal', () => {
  it.each<[ErrorCode, number]>([
    ['request.malformed', 400],
    ['credential.invalid', 401],
    ['user.held', 403],
    ['user.unknown', 404],
    ['request.method_not_allowed', 405],
    ['device.taken', 409],
    ['request.too_large', 413],
    ['request.path_too_long', 414],
    ['request.media_type', 415],
    ['service.failed', 500],
    ['store.unavailable', 503],
  ])('%s is a %i', (code, status) => {
    expect(refusalOf(new DomainError(code))).toMatchObject({ code, status });
  });

  it.each([
    ['a bug', new TypeError('x is not a function')],
    ['a text', 'oops'],
    ['nothing', undefined],
    ['a status of some other library', Object.assign(new Error('gone'), { statusCode: 404 })],
    ['a status like theirs', Object.assign(new Error('bad'), { status: 400, expose: true })],
    ['a name like a property', Object.assign(new Error('x'), { code: 'constructor' })],
  ])('of what nobody foresaw is a 500 that says nothing: %s', (_, error) => {
    expect(refusalOf(error)).toMatchObject({
      status: 500,
      code: 'service.failed',
      detail: 'something went wrong on our side',
    });
  });

  it('knows what the framework says', () => {
    expect(refusalOf(new NotFoundException('Cannot GET /ada'))).toMatchObject({
      status: 404,
      code: 'request.path_unknown',
      detail: 'nothing is served under this path',
    });
  });
});
