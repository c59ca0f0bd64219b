import {
  createParamDecorator,
  Injectable,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { bearerOf } from '../platform/http/bearer.js';
import { RequestSlot } from '../platform/http/request.js';
import { DeviceAuth } from './device-auth.js';
import type { ShownSecret } from './device-door.js';

const shown = new RequestSlot<ShownSecret>();

/** `@ShownToken() token: ShownSecret`: the bootstrap token that {@link BootstrapTokenGuard} let in. */
export const ShownToken = createParamDecorator((_: unknown, context: ExecutionContext) =>
  shown.get(context.switchToHttp().getRequest<FastifyRequest>()),
);

/** Lets a device in that shows a bootstrap token of ours: `Authorization: Bearer ofs_bootstrap_…`. */
@Injectable()
export class BootstrapTokenGuard implements CanActivate {
  readonly #deviceAuth: DeviceAuth;

  constructor(deviceAuth: DeviceAuth) {
    this.#deviceAuth = deviceAuth;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const { authorization } = request.headers;
    // Another scheme is a credential too, and a wrong one.
    const presented = authorization && (bearerOf(authorization) ?? authorization);
    shown.set(request, await this.#deviceAuth.door.bootstrap(presented));
    return true;
  }
}
