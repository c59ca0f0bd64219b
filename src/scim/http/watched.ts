import type { FastifyRequest } from 'fastify';
import type { ConnectionTraffic, Sender } from '../../directory/index.js';
import { namedIn, type Named } from '../read/named.js';

/** A larger body is not kept for reading it again. */
const MOST_BYTES = 16_384;

const DEEDS: Readonly<Record<string, string>> = {
  POST: 'create',
  PUT: 'replace',
  PATCH: 'patch',
  DELETE: 'delete',
};

/** `users.patch`, `groups.list`, `search`, `bulk`; whatever only describes us is `discovery`. */
export function operationOf(method: string, route: string): string {
  const [type = '', rest = ''] = route.replace(/^\/scim\/v2\/?/, '').split('/');
  if (route.endsWith('/.search')) return 'search';
  if (type === 'Bulk') return 'bulk';
  if (type !== 'Users' && type !== 'Groups') return 'discovery';
  const deed = method === 'GET' ? (rest === '' ? 'list' : 'get') : DEEDS[method];
  return deed === undefined ? 'discovery' : `${type.toLowerCase()}.${deed}`;
}

/** From here on the request is the connection's: what becomes of it is noted once it is answered. */
export function watch(traffic: ConnectionTraffic, request: FastifyRequest, sender: Sender): void {
  const { method, id: requestId, receivedAt: at } = request;
  const route = request.routeOptions.url ?? '';
  const operation = operationOf(method, route);
  request.whenAnswered = ({ status, code, ms }) => {
    const { query, rawBody: body } = request;
    const named = (): Named | null => namedIn({ method, operation, query, body });
    const isSmall = (body?.byteLength ?? 0) <= MOST_BYTES;
    traffic.note({
      ...{ sender, requestId, at, method, route, operation, status, code, ms },
      named: isSmall ? named : null,
    });
  };
}
