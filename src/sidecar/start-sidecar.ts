import { join } from 'node:path';
import type { KafkaConfig } from '../config/config.js';
import type { Address } from '../config/sidecar-config.js';
import type { ForeignTokens, Source } from '../config/sidecar-environment.js';
import type { Policy } from '../contract/lease.js';
import {
  ChainedTransport,
  Gateway,
  HttpTransport,
  KafkaTransport,
  type Transport,
} from '../gateway/index.js';
import type { Clock } from '../kernel/clock.js';
import type { Secret } from '../kernel/secret.js';
import { SystemClock } from '../platform/clock/system-clock.js';
import type { Log } from '../platform/log/log.js';
import { Authz } from './authz.js';
import { Decisions } from './decisions.js';
import { EventLog } from './event-log.js';
import { ExtAuthzServer } from './ext-authz/ext-authz-server.js';
import { sidecarMetrics } from './sidecar-metrics.js';
import { SidecarServer } from './sidecar-server.js';
import { Tally } from './tally.js';

export interface SidecarOptions {
  readonly listen: Address;
  /** Where Envoy's gRPC checks are answered, if anywhere. */
  readonly extAuthz?: Address | undefined;
  /** What logs and brokers call it; also the name of its directory. Letters, digits, dots, dashes. */
  readonly id: string;
  readonly policy: Policy;
  /** Where the service is, and the `ofs_gateway_…` key. */
  readonly service: { readonly url: string; readonly key: Secret };
  readonly kafka: KafkaConfig;
  /** Kafka alone, the service alone, or Kafka first. */
  readonly source: Source;
  /** Whether tokens of registered issuers are let in beside ours; `refuse` by default. */
  readonly foreignTokens?: ForeignTokens;
  /** Where the last lease and the view are kept (`<home>/gateways/<id>`); null keeps none. */
  readonly home: string | null;
  /** Between two writes of the view; 0 keeps none. */
  readonly keepViewMs?: number;
  readonly version: string;
  readonly log: Log;
  readonly stop: AbortSignal;
  readonly clock?: Clock;
}

export interface Sidecar {
  /** `http://…` or `unix:…`. */
  readonly url: string;
  /** As a gRPC client names it; null when none was asked for. */
  readonly extAuthz: string | null;
  /** Resolves when `stop` was aborted and everything has ended: answers out, last receipt sent. Never rejects. */
  readonly ended: Promise<void>;
}

/**
 * Starts a gateway with its door `/authz`. It listens at once and answers 503 until its view may decide.
 *
 * @throws Error when the address cannot be had
 */
export async function startSidecar(options: SidecarOptions): Promise<Sidecar> {
  const { id, home, log, stop, listen, kafka, policy, version, service, source } = options;
  const clock = options.clock ?? new SystemClock();
  const tally = new Tally();
  const { report } = new EventLog(log, tally, () => clock.monotonicMs());
  const clientId = `offswitch-gateway-${id}`;
  const transport = transportOf();
  const directory = home === null ? null : join(home, 'gateways', id);
  const { keepViewMs, foreignTokens = 'refuse' } = options;
  const gateway = new Gateway({
    ...{ service, transport, policy, version, directory, clock, report, foreignTokens },
    ...(keepViewMs !== undefined && { keepViewMs }),
  });
  const decisions = new Decisions(gateway, tally);
  const server = new SidecarServer({
    authz: new Authz(decisions),
    metrics: sidecarMetrics(gateway, tally),
    isReady: () => gateway.isReady,
  });
  const url = await server.listen(listen);
  const checks = options.extAuthz === undefined ? null : new ExtAuthzServer(decisions);
  const extAuthz = await listenToChecks();
  log.info('the gateway listens', { url, extAuthz, id, policy });
  const stopGateway = new AbortController();
  const running = gateway.run(stopGateway.signal);
  return { url, extAuthz, ended: end() };

  async function listenToChecks(): Promise<string | null> {
    if (checks === null || options.extAuthz === undefined) return null;
    try {
      return await checks.listen(options.extAuthz);
    } catch (error) {
      await server.drain();
      throw error;
    }
  }

  /** What Kafka lacks comes over HTTP, whatever the source is. */
  function transportOf(): Transport {
    const http = new HttpTransport({ service, report });
    if (source === 'http') return http;
    const byKafka = new KafkaTransport({ settings: kafka, clientId, clock, report });
    const standsIn = source === 'chained';
    return new ChainedTransport({ kafka: byKafka, http, clock, report, standsIn });
  }

  /** Requests first, then what answers them. */
  async function end(): Promise<void> {
    await new Promise<void>((resolve) => {
      const go = (): void => {
        resolve();
      };
      stop.addEventListener('abort', go, { once: true });
      if (stop.aborted) go();
    });
    await Promise.all([server.drain(), checks?.drain()]);
    stopGateway.abort();
    await running;
    log.info('the gateway has ended', { id });
  }
}
