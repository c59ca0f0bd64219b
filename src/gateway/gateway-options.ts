import type { Policy } from '../contract/lease.js';
import type { Clock } from '../kernel/clock.js';
import type { Secret } from '../kernel/secret.js';
import type { Report } from './report.js';
import type { Transport } from './sources/source.js';

export interface GatewayOptions {
  /** Where the service is, and this gateway's `ofs_gateway_…` key. */
  readonly service: { readonly url: string; readonly key: Secret };
  readonly transport: Transport;
  readonly policy: Policy;
  /** Of the program that runs the gateway; for the service's list. */
  readonly version: string;
  /** A directory of this gateway's own for the last lease and the view; without one a start needs the service. */
  readonly directory?: string | null;
  /** Whether tokens of issuers that are registered with the service are let in, too; `refuse` by default. */
  readonly foreignTokens?: 'accept' | 'refuse';
  /** Between two writes of the view to `directory` at least, milliseconds; 10,000 by default, 0 writes none. */
  readonly keepViewMs?: number;
  /** The host's, unless time is somebody else's. */
  readonly clock?: Clock;
  readonly report: Report;
}
