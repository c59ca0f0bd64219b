import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiHeader, ApiOperation, ApiResponse } from '@nestjs/swagger';
import { Refuses, type RefusedStatus } from '../../platform/http/refuses.decorator.js';

type ApiResponseHeaders = Readonly<
  Record<string, { readonly description: string; readonly schema: { readonly type: 'string' } }>
>;

const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });

const answer = (
  status: number,
  schema: string | null,
  headers: ApiResponseHeaders = {},
): MethodDecorator =>
  ApiResponse({
    status,
    description: schema === null ? 'Done.' : `${schema}.`,
    ...(Object.keys(headers).length === 0 ? {} : { headers }),
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

/** RFC 7240. */
const WAITING = {
  'Preference-Applied': {
    description: 'For how many seconds at most the answer waited.',
    schema: { type: 'string' },
  },
} as const satisfies ApiResponseHeaders;

const prefers = (): MethodDecorator =>
  ApiHeader({
    name: 'Prefer',
    required: false,
    description:
      '`wait=N`: answer when the case is no longer `open`, or after N seconds (50 at most) as it is then.',
  });

/** Reads one thing, and waits for it if asked. */
export const ReadsWaiting = (summary: string, schema: string): MethodDecorator =>
  applyDecorators(operation(summary, []), answer(200, schema, WAITING), prefers());

/** Takes a revocation and answers with its case, at once or when gateways have answered. */
export const Revokes = (summary: string, ...more: readonly RefusedStatus[]): MethodDecorator =>
  applyDecorators(operation(summary, [...more, 413, 415]), answer(201, 'Case', WAITING), prefers());

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
