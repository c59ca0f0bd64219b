import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse } from '@nestjs/swagger';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const REFUSALS = {
  400: 'The request is malformed, or holds an unknown or invalid value.',
  401: 'The key is missing, malformed, or has been revoked.',
  403: 'The role of the key does not allow it.',
  404: 'Unknown, or of another organization.',
  409: 'It conflicts with what is there.',
  413: 'The body is too large.',
  415: 'The body is not JSON.',
  500: 'A fault of the service.',
  503: 'Not now: the database did not answer. Nothing was done; try again.',
} as const;

export type RefusedStatus = keyof typeof REFUSALS;

const refusal = (status: RefusedStatus): MethodDecorator =>
  ApiResponse({
    status,
    description: REFUSALS[status],
    content: { 'application/problem+json': { schema: ref('Problem') } },
    ...(status === 503
      ? { headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } } }
      : {}),
  });

const answer = (status: number, schema: string | null): MethodDecorator =>
  ApiResponse({
    status,
    description: schema === null ? 'Done.' : `${schema}.`,
    ...(schema === null ? {} : { content: { 'application/json': { schema: ref(schema) } } }),
  });

const list = (schema: string): MethodDecorator =>
  ApiResponse({
    status: 200,
    description: 'A page; `Link` names the next one.',
    headers: { Link: { description: 'RFC 8288, rel="next".', schema: { type: 'string' } } },
    content: {
      'application/json': {
        schema: {
          type: 'object',
          properties: { items: { type: 'array', items: ref(schema) } },
          required: ['items'],
          additionalProperties: false,
        },
      },
    },
  });

/** What every route of the admin API can answer besides its own. */
const always: readonly RefusedStatus[] = [400, 401, 403, 404, 500, 503];

const operation = (summary: string, more: readonly RefusedStatus[]): MethodDecorator =>
  applyDecorators(
    ApiOperation({ summary }),
    ApiBearerAuth('admin_key'),
    ...[...always, ...more].sort((a, b) => a - b).map(refusal),
  );

/** Reads one thing. */
export const Reads = (summary: string, schema: string): MethodDecorator =>
  applyDecorators(operation(summary, []), answer(200, schema));

/** Reads a page of things. */
export const Lists = (summary: string, schema: string): MethodDecorator =>
  applyDecorators(operation(summary, []), list(schema));

/** Takes a body and answers with what came of it. */
export const Takes = (
  summary: string,
  status: 200 | 201,
  schema: string,
  ...more: readonly RefusedStatus[]
): MethodDecorator =>
  applyDecorators(operation(summary, [...more, 413, 415]), answer(status, schema));

/** Does something and has nothing to say about it. */
export const Does = (summary: string, ...more: readonly RefusedStatus[]): MethodDecorator =>
  applyDecorators(operation(summary, more), answer(204, null));
