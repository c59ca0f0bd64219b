import type { Lease, LeaseRequest } from '../../contract/lease.js';
import { pause } from '../pause.js';
import type { Report } from '../report.js';
import type { EndedProcesses } from './ended-processes.js';
import { KeyRefused, type ServiceClient } from './service-client.js';

const FIRST_RETRY_MS = 250;
const LAST_RETRY_MS = 5_000;

export interface LeaseKeeperParts {
  readonly service: ServiceClient;
  readonly request: LeaseRequest;
  /** Of a gateway that keeps what a later start goes by; else null. */
  readonly ended: EndedProcesses | null;
  readonly onLease: (lease: Lease) => void;
  readonly report: Report;
}

/**
 * Renews this process's lease every S/3 for as long as it runs. A lease that cannot be renewed changes nothing:
 * what a gateway may say is decided by its view's age, and the service counts silence against nobody but it.
 */
export class LeaseKeeper {
  readonly #parts: LeaseKeeperParts;
  /** Whether the service knows of this process. */
  #isKnown = false;

  constructor(parts: LeaseKeeperParts) {
    this.#parts = parts;
  }

  async run(stop: AbortSignal): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!stop.aborted) {
      const lease = await this.#renew(stop);
      if (lease === null) {
        await pause(retryMs, stop);
        retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
      } else {
        retryMs = FIRST_RETRY_MS;
        await pause(lease.staleness_ms / 3, stop);
      }
    }
  }

  /** The last word, or a note of it. If it is lost, the process counts like one that was killed. */
  async goodbye(): Promise<void> {
    const { service, request, ended, report } = this.#parts;
    if (!this.#isKnown) return;
    try {
      if (ended === null) await service.goodbye(request.boot, new AbortController().signal);
      else await ended.add(request.boot);
    } catch (error) {
      report({ kind: 'goodbye.failed', error });
    }
  }

  /** With a lease we count ourselves; who ended before us has to no longer. Never rejects: it is said again. */
  async #tellOfEnded(stop: AbortSignal): Promise<void> {
    const { service, ended, report } = this.#parts;
    try {
      await ended?.tell((boot) => service.goodbye(boot, stop));
    } catch (error) {
      if (!stop.aborted) report({ kind: 'goodbye.failed', error });
    }
  }

  async #renew(stop: AbortSignal): Promise<Lease | null> {
    const { service, request, onLease, report } = this.#parts;
    try {
      const lease = await service.lease(request, stop);
      this.#isKnown = true;
      onLease(lease);
      report({ kind: 'lease.renewed', id: lease.id });
      await this.#tellOfEnded(stop);
      return lease;
    } catch (error) {
      if (stop.aborted) return null;
      report({ kind: 'lease.failed', isRefused: error instanceof KeyRefused, error });
      return null;
    }
  }
}
