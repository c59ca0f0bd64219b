import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Refuses, type RefusedStatus } from '../../platform/http/refuses.decorator.js';

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

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
    Refuses(...always, ...more),
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
