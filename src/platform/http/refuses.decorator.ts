import { applyDecorators } from '@nestjs/common';
import { ApiResponse } from '@nestjs/swagger';

const REFUSALS = {
  400: 'The request is malformed, or holds an unknown or invalid value.',
  401: 'The credential is missing, malformed, or opens nothing any more.',
  403: 'The credential does not allow it, or somebody is held back.',
  404: 'Unknown, or of another organization.',
  408: 'The body has stopped coming.',
  409: 'It conflicts with what is there.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  500: 'A fault of the service.',
  503: 'Not now: nothing was done; try again.',
} as const;

export type RefusedStatus = keyof typeof REFUSALS;

const refusal = (status: RefusedStatus): MethodDecorator =>
  ApiResponse({
    status,
    description: REFUSALS[status],
    content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    ...(status === 503
      ? { headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } } }
      : {}),
  });

/** The problem documents with which a route may answer. */
export const Refuses = (...statuses: readonly RefusedStatus[]): MethodDecorator =>
  applyDecorators(...[...statuses].sort((a, b) => a - b).map(refusal));
