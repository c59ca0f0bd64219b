import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Gateway } from '../gateway.js';
import type { Route } from '../policy.js';
import type { Bound, Closing } from '../streams/streams.js';
import { admissionOf, tokenIn, verdictOf, type Refusal } from './admit.js';
import { remember } from './admitted.js';

/** What live connections need of a gateway. */
export type Binding = Pick<Gateway, 'bind' | 'check' | 'resolve'>;

export type StreamAdmission = Extract<Bound, { kind: 'bound' }> | Refusal;

/**
 * The same as `admit` for a connection that stays open: `close` is called, once, when its token would not be let in any
 * more. It is unbound when its socket closes; `unbind` is for a stream that ends before that. Never rejects.
 */
export async function admitStream(
  gateway: Binding,
  request: IncomingMessage,
  close: (why: Closing) => void,
  route?: Route,
): Promise<StreamAdmission> {
  const found = tokenIn(request);
  if ('refused' in found) return found.refused;
  const { token } = found;
  let bound = gateway.bind(token, close, route);
  if (bound.kind === 'unsure') {
    const verdict = await verdictOf(gateway, token, route);
    // A word of the service holds for this moment: only a view that goes on learning keeps a stream.
    bound =
      verdict.kind === 'deny' || verdict.kind === 'unsure'
        ? verdict
        : gateway.bind(token, close, route);
  }
  if (bound.kind !== 'bound') return admissionOf(bound);
  remember(request, bound.claims);
  return boundToSocket(bound, request.socket);
}

function boundToSocket(bound: Extract<Bound, { kind: 'bound' }>, socket: Duplex): StreamAdmission {
  const unbind = (): void => {
    socket.off('close', unbind);
    bound.unbind();
  };
  if (socket.destroyed) unbind();
  else socket.once('close', unbind);
  return { ...bound, unbind };
}

/** Answers a request for an upgrade that is refused: there is no response object for it. */
export function refuseUpgrade(socket: Duplex, { status, headers }: Refusal): void {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  const first = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
  socket.end(`${first}${lines.join('')}content-length: 0\r\nconnection: close\r\n\r\n`);
}

/** RFC 6455 §7.4: the token is refused, we do not know (come again), or we end. It does not say why. */
export function webSocketCode(why: Closing): 1001 | 1008 | 1013 {
  if (why === 'gateway.stopped') return 1001;
  return why.startsWith('view.') || why === 'streams.full' ? 1013 : 1008;
}
