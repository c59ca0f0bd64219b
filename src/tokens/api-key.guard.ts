import {
  createParamDecorator,
  Injectable,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { ApiKeyDoor, type OpenApiKey } from '../api-keys/index.js';
import { bearerOf } from '../platform/http/bearer.js';
import { RequestSlot } from '../platform/http/request.js';

const calling = new RequestSlot<OpenApiKey>();

/** `@CallingKey() by: OpenApiKey`: the API key that {@link ApiKeyGuard} let in. */
export const CallingKey = createParamDecorator(
  (_: unknown, context: ExecutionContext): OpenApiKey =>
    calling.get(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** Lets an organization's backend in, by `X-API-Key: <key>` or `Authorization: Bearer <key>`. */
@Injectable()
export class ApiKeyGuard implements CanActivate {
  readonly #door: ApiKeyDoor;

  constructor(door: ApiKeyDoor) {
    this.#door = door;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const opened = await this.#door.open(presentedBy(request), 'device-tokens:bootstrap');
    calling.set(request, opened);
    return true;
  }
}

function presentedBy({ headers }: FastifyRequest): string | undefined {
  const key = headers['x-api-key'];
  if (key !== undefined) return String(key);
  const { authorization } = headers;
  // Another scheme is a credential too, and a wrong one.
  return authorization === undefined ? undefined : (bearerOf(authorization) ?? authorization);
}
