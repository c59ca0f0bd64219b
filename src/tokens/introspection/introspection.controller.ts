import { Controller, Headers, HttpCode, Post, Req } from '@nestjs/common';
import {
  ApiBearerAuth,
  ApiBody,
  ApiConsumes,
  ApiOkResponse,
  ApiOperation,
  ApiResponse,
  ApiTags,
} from '@nestjs/swagger';
import { RouteConfig } from '@nestjs/platform-fastify';
import type { FastifyRequest } from 'fastify';
import { IntrospectionForm, IntrospectionView, OAuthErrorView } from './introspection.dto.js';
import { Introspection, type Introspected } from './introspection.js';
import { tokenInForm } from './read-form.js';

/** What a gateway asks when its own view is too old to decide (RFC 7662). */
@ApiTags('gateways')
@Controller('oauth2/introspect')
export class IntrospectionController {
  readonly #introspection: Introspection;

  constructor(introspection: Introspection) {
    this.#introspection = introspection;
  }

  @Post()
  @HttpCode(200)
  @RouteConfig({ unparsed: true })
  @ApiOperation({ summary: 'Ask whether an access token may be used now' })
  @ApiBearerAuth('gateway_key')
  @ApiConsumes('application/x-www-form-urlencoded')
  @ApiBody({ type: IntrospectionForm })
  @ApiOkResponse({ type: IntrospectionView })
  @ApiResponse({
    status: 400,
    type: OAuthErrorView,
    description: 'There is not exactly one token.',
  })
  @ApiResponse({ status: 401, type: OAuthErrorView, description: 'This is no gateway key.' })
  @ApiResponse({ status: 413, type: OAuthErrorView, description: 'The body is too large.' })
  @ApiResponse({ status: 415, type: OAuthErrorView, description: 'The body is no form.' })
  @ApiResponse({ status: 500, type: OAuthErrorView, description: 'A fault of the service.' })
  @ApiResponse({
    status: 503,
    type: OAuthErrorView,
    description: 'Not now: too many ask at once, or the database does not answer.',
    headers: { 'Retry-After': { description: 'Seconds.', schema: { type: 'integer' } } },
  })
  introspect(
    @Headers('authorization') authorization: string | undefined,
    @Req() request: FastifyRequest,
  ): Promise<Introspected> {
    return this.#introspection.answer(authorization, () =>
      tokenInForm(request.headers['content-type'], request.rawBody),
    );
  }
}
