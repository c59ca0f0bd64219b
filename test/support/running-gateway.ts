import { Gateway } from '../../src/gateway/gateway.js';
import type { GatewayEvent } from '../../src/gateway/report.js';
import { ChainedTransport } from '../../src/gateway/sources/chained-transport.js';
import { HttpTransport } from '../../src/gateway/sources/http/http-transport.js';
import { KafkaTransport } from '../../src/gateway/sources/kafka/kafka-transport.js';
import type { Transport } from '../../src/gateway/sources/source.js';
import type { Policy } from '../../src/contract/lease.js';
import { Secret } from '../../src/kernel/secret.js';
import { SystemClock } from '../../src/platform/clock/system-clock.js';

export interface RunningGatewayOptions {
  /** `host:port`, several separated by commas. */
  readonly brokers: string;
  readonly service: { readonly url: string; readonly key: string };
  readonly policy?: Policy;
  readonly directory?: string | null;
  readonly keepViewMs?: number;
  /** `kafka` alone asks the service for nothing; the sidecar has what Kafka lacks from there. */
  readonly source?: 'kafka' | 'kafka with repairs' | 'http' | 'chained';
  readonly foreignTokens?: 'accept' | 'refuse';
  /** Where the feed comes from, when it is not the service itself. */
  readonly feedFrom?: string;
}

/** A gateway against real Kafka, in this process, that remembers what it reported. */
export class RunningGateway {
  readonly gateway: Gateway;
  readonly events: GatewayEvent[] = [];
  readonly #stopping = new AbortController();
  readonly #run: Promise<void>;

  constructor({
    brokers,
    service,
    policy = 'strict',
    directory = null,
    keepViewMs = 0,
    source = 'kafka',
    feedFrom,
    foreignTokens = 'refuse',
  }: RunningGatewayOptions) {
    const clock = new SystemClock();
    const report = (event: GatewayEvent): void => {
      this.events.push(event);
    };
    this.gateway = new Gateway({
      service: { url: service.url, key: new Secret(service.key) },
      transport: transport(),
      policy,
      version: '0.0.0',
      directory,
      keepViewMs,
      foreignTokens,
      clock,
      report,
    });
    this.#run = this.gateway.run(this.#stopping.signal);

    function transport(): Transport {
      const settings = { brokers: brokers.split(','), tls: false, sasl: null };
      const parts = { settings, clientId: 'offswitch-gateway-test', clock, report };
      const feed = feedFrom ?? service.url;
      const http = new HttpTransport({
        service: { url: feed, key: new Secret(service.key) },
        report,
      });
      if (source === 'http') return http;
      const kafka = new KafkaTransport(parts);
      const standsIn = source === 'chained';
      return source === 'kafka'
        ? kafka
        : new ChainedTransport({ kafka, http, clock, report, standsIn });
    }
  }

  get state(): string {
    const freshness = this.gateway.freshness();
    return freshness.state === 'stale' ? `stale: ${freshness.why}` : freshness.state;
  }

  outcome(token: string): string {
    const verdict = this.gateway.check(token);
    return 'reason' in verdict ? `${verdict.kind}: ${verdict.reason}` : verdict.kind;
  }

  seen(kind: GatewayEvent['kind']): readonly GatewayEvent[] {
    return this.events.filter((event) => event.kind === kind);
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#run;
  }
}
