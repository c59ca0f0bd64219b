import type { FastifyRequest } from 'fastify';
import type { ServiceConfig } from '../../config/service-config.js';

/**
 * Where outsiders reach the service, to be entered at an IdP: as configured, else as this request reached us. Only
 * printed, never trusted.
 */
export function originOf(config: ServiceConfig, request: FastifyRequest): string {
  if (config.publicUrl !== null) return config.publicUrl.replace(/\/+$/, '');
  const isSecure = request.headers['x-forwarded-proto'] === 'https';
  return `${isSecure ? 'https' : request.protocol}://${request.host}`;
}
