import type { FastifyRequest } from 'fastify';
import type { ServiceConfig } from '../../config/service-config.js';
import { originOf } from '../../platform/http/origin.js';

export const PREFIX = '/scim/v2';

/** The URL above `/Users`, for everything that names its own place. */
export class ScimRoot {
  readonly #config: ServiceConfig;

  constructor(config: ServiceConfig) {
    this.#config = config;
  }

  of(request: FastifyRequest): string {
    return `${originOf(this.#config, request)}${PREFIX}`;
  }
}
