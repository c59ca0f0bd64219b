import type { PipeTransform } from '@nestjs/common';
import { DomainError, type ErrorCode } from '../../kernel/domain-error.js';
import { readId } from '../../kernel/ids.js';

/** An id in the path. What is no UUID names nothing, like an id that nobody has. */
export class IdPipe implements PipeTransform {
  readonly #unknown: ErrorCode;

  constructor(unknown: ErrorCode) {
    this.#unknown = unknown;
  }

  transform(value: unknown): string {
    const id = readId(value);
    if (id === null) throw new DomainError(this.#unknown);
    return id;
  }
}

/** `@Param('user', orUnknown('user.unknown'))` */
export const orUnknown = (code: ErrorCode): IdPipe => new IdPipe(code);

/** The organization of the path: the guard has found that it exists and is the caller's. */
export const ORG = orUnknown('organization.unknown');
