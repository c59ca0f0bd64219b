import { Server, ServerCredentials, type handleUnaryCall } from '@grpc/grpc-js';
import type { Address } from '../../config/sidecar-config.js';
import type { Decisions } from '../decisions.js';
import { openToAll, removeDeadSocket } from '../socket-file.js';
import { authorization } from './authorization-service.js';
import { presentedIn, responseTo, type CheckRequest, type CheckResponse } from './check.js';

/** Answers under way get so long when the process is told to end. */
const DRAIN_MS = 5_000;

/** Envoy's `ext_authz` over gRPC: the same decisions as `/authz`. */
export class ExtAuthzServer {
  readonly #server = new Server();

  constructor(decisions: Decisions) {
    const check: handleUnaryCall<CheckRequest, CheckResponse> = ({ request }, callback) => {
      const presented = presentedIn(request);
      const answer = decisions.on(presented);
      if (answer instanceof Promise)
        void answer.then((later) => {
          callback(null, responseTo(later, presented.names));
        });
      else callback(null, responseTo(answer, presented.names));
    };
    this.#server.addService(authorization.service, { check });
  }

  /**
   * Resolves with the address when it listens, as gRPC clients name it.
   *
   * @throws Error when it cannot be had
   */
  async listen(address: Address): Promise<string> {
    const isSocket = 'path' in address;
    if (isSocket) await removeDeadSocket(address.path);
    const target = isSocket ? `unix:${address.path}` : hostAndPort(address.host, address.port);
    const port = await new Promise<number>((resolve, reject) => {
      this.#server.bindAsync(target, ServerCredentials.createInsecure(), (error, bound) => {
        if (error === null) resolve(bound);
        else reject(error);
      });
    });
    if (!isSocket) return hostAndPort(address.host, port);
    await openToAll(address.path);
    return target;
  }

  /** Takes no new calls and resolves when the answers under way are out. */
  async drain(): Promise<void> {
    const timer = setTimeout(() => {
      this.#server.forceShutdown();
    }, DRAIN_MS);
    await new Promise<void>((resolve) => {
      this.#server.tryShutdown(() => {
        resolve();
      });
    });
    clearTimeout(timer);
  }
}

const hostAndPort = (host: string, port: number): string =>
  `${host.includes(':') ? `[${host}]` : host}:${port}`;
