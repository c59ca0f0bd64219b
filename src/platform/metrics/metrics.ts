import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client';
import { PROBE_MS, within } from '../../kernel/within.js';

/** From one millisecond to half a minute, in seconds: what a step of a deprovision may take. */
const STEP_SECONDS = [
  0.001, 0.002, 0.004, 0.008, 0.015, 0.03, 0.06, 0.125, 0.25, 0.5, 1, 2, 5, 10, 30,
] as const;

/** Measures of the promise itself have a name of their own, whoever keeps it; the rest is ours alone. */
type Name =
  | `offswitch_${string}`
  | 'revocation_commit_to_ack_seconds'
  | 'revocation_end_to_end_seconds'
  | 'outbox_oldest_age_seconds'
  | 'unconfirmed_gateways';

/** What a metric is called and what it says. The name is in full and ends in its unit, as Prometheus asks. */
export interface MetricName {
  readonly name: Name;
  readonly help: string;
}

/** The numbers of this process, for `/metrics`. Each room makes its own, once, with the registry it is given. */
export class Metrics {
  readonly #registry = new Registry();

  /** Adds what Node.js says about itself: memory, event loop, garbage collection. */
  observeRuntime(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Seconds that a step took. */
  seconds<Label extends string>(
    metric: MetricName,
    labels: readonly Label[] = [],
  ): Histogram<Label> {
    return new Histogram({
      ...metric,
      labelNames: [...labels],
      buckets: [...STEP_SECONDS],
      registers: [this.#registry],
    });
  }

  counter<Label extends string>(metric: MetricName, labels: readonly Label[] = []): Counter<Label> {
    return new Counter({ ...metric, labelNames: [...labels], registers: [this.#registry] });
  }

  /** A counter that is kept elsewhere, and read when somebody looks. */
  counted<Label extends string>(
    metric: MetricName,
    labels: readonly Label[],
    read: () => Iterable<readonly [Readonly<Record<Label, string>>, number]>,
  ): void {
    new Counter({
      ...metric,
      labelNames: [...labels],
      registers: [this.#registry],
      collect() {
        this.reset();
        for (const [values, count] of read()) this.inc(values, count);
      },
    });
  }

  gauge<Label extends string>(metric: MetricName, labels: readonly Label[] = []): Gauge<Label> {
    return new Gauge({ ...metric, labelNames: [...labels], registers: [this.#registry] });
  }

  /** A number that is asked for when somebody looks; while it cannot be had, it is left out. */
  observed(metric: MetricName, ask: () => Promise<number>): void {
    const gauge = new Gauge({
      ...metric,
      registers: [this.#registry],
      async collect() {
        try {
          gauge.set(await within(PROBE_MS, ask()));
        } catch {
          gauge.remove();
        }
      },
    });
  }

  /** Everything in the text format, and the media type that says which version of it. */
  async text(): Promise<{ readonly type: string; readonly text: string }> {
    return { type: this.#registry.contentType, text: await this.#registry.metrics() };
  }
}
