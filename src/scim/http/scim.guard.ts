import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import type { Origin } from '../../deprovision/index.js';
import { ConnectionDoors, ConnectionTraffic, type OpenScim } from '../../directory/index.js';
import { markOf, RequestSlot } from '../../platform/http/request.js';
import { Throttle } from '../throttle.js';
import { watch } from './watched.js';

/** Whose request it is, known once the guard has let it in. */
export const scimOrigin = new RequestSlot<Origin>();
/** How much of its request is understood, and what it may show. */
export const scimTerms = new RequestSlot<ScimTerms>();
export type ScimTerms = Pick<OpenScim, 'interop' | 'accepts'>;

/** The door of SCIM: the credential decides connection and organization, nothing in the request does. */
@Injectable()
export class ScimGuard implements CanActivate {
  readonly #doors: ConnectionDoors;
  readonly #traffic: ConnectionTraffic;
  readonly #throttle: Throttle;

  constructor(doors: ConnectionDoors, traffic: ConnectionTraffic, throttle: Throttle) {
    this.#doors = doors;
    this.#traffic = traffic;
    this.#throttle = throttle;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const door = await this.#doors.scim(request.headers.authorization, request.ip);
    const { organization, connection, secret, interop, accepts } = door;
    watch(this.#traffic, request, { organization, connection, secret });
    const { method, rawBody: body, routeOptions, headers } = request;
    const encoding = headers['content-encoding'];
    this.#throttle.admit(connection, { method, route: routeOptions.url ?? '', body, encoding });
    scimTerms.set(request, { interop, accepts });
    scimOrigin.set(request, { organization, connection, ...markOf(request) });
    return true;
  }
}
