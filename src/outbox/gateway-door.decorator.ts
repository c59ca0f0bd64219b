import { applyDecorators } from '@nestjs/common';
import { ApiBearerAuth, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Refuses, type RefusedStatus } from '../platform/http/refuses.decorator.js';

/** What stands in the document of a route that a gateway's key opens. */
export const GatewayDoor = (summary: string, ...more: readonly RefusedStatus[]): MethodDecorator =>
  applyDecorators(
    ApiTags('gateways'),
    ApiOperation({ summary }),
    ApiBearerAuth('gateway_key'),
    Refuses(401, 500, 503, ...more),
  );

/** Server-sent events; docs/asyncapi.yaml says what is in them. */
export const AnswersEvents = (description: string): MethodDecorator =>
  ApiResponse({
    status: 200,
    description,
    content: { 'text/event-stream': { schema: { type: 'string' } } },
  });
