import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { Refusals, type LogId } from '../audit/index.js';
import { DomainError, type ErrorCode } from '../kernel/domain-error.js';
import type { GatewayId } from '../kernel/ids.js';
import { RequestSlot } from '../platform/http/request.js';
import { Installation } from '../platform/installation/installation.js';
import { Gateways } from './gateways.js';

/** Which gateway's key the request carried. */
export const callingGateway = new RequestSlot<GatewayId>();

/** Lets a living gateway's key through: `Authorization: Bearer ofs_gateway_…`. */
@Injectable()
export class GatewayKeyGuard implements CanActivate {
  readonly #gateways: Gateways;
  readonly #refusals: Refusals;
  readonly #installation: LogId;

  constructor(gateways: Gateways, refusals: Refusals, installation: Installation) {
    this.#gateways = gateways;
    this.#refusals = refusals;
    this.#installation = installation.id;
  }

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const [, credential] = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '') ?? [];
    if (credential === undefined) throw this.#refusal('credential.missing');
    const gateway = await this.#gateways.authenticate(credential);
    if (gateway === null) throw this.#refusal('credential.invalid');
    callingGateway.set(request, gateway);
    return true;
  }

  #refusal(reason: ErrorCode): DomainError {
    this.#refusals.count({ log: this.#installation, connection: null, door: 'gateways', reason });
    return new DomainError(reason);
  }
}
