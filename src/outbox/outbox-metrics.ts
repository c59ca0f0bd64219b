import type { Counter, Gauge, Histogram } from 'prom-client';
import type { Metrics } from '../platform/metrics/metrics.js';

/** What this room counts. What must be asked of the database is added where it is asked. */
export class OutboxMetrics {
  readonly sendsFailed: Counter;
  readonly recordsSetAside: Counter;
  readonly offersDropped: Counter;
  readonly recordsSwept: Counter;
  readonly watermarkTime: Gauge<'partition'>;
  readonly headsLost: Counter;
  readonly endToEnd: Histogram<'gateway'>;
  readonly receiptsTaken: Counter;
  readonly receiptsRefused: Counter<'reason'>;

  constructor(metrics: Metrics) {
    this.sendsFailed = metrics.counter({
      name: 'offswitch_publisher_failed_sends_total',
      help: 'Requests to the broker that were not acknowledged; what they carried is sent again',
    });
    this.recordsSetAside = metrics.counter({
      name: 'offswitch_publisher_records_set_aside_total',
      help: 'Records that the broker refuses for good; gateways fetch them as repairs',
    });
    this.offersDropped = metrics.counter({
      name: 'offswitch_publisher_dropped_offers_total',
      help: 'Records that found no room in memory and were left to the sweeper',
    });
    this.recordsSwept = metrics.counter({
      name: 'offswitch_publisher_swept_records_total',
      help: 'Records that the sweeper found unsent',
    });
    this.watermarkTime = metrics.gauge(
      {
        name: 'offswitch_watermark_time_seconds',
        help: 'T of the last acknowledged watermark that this process wrote, unix time',
      },
      ['partition'],
    );
    this.headsLost = metrics.counter({
      name: 'offswitch_watermark_lost_heads_total',
      help: 'Times another writer took over a chain from this process',
    });
    this.endToEnd = metrics.seconds(
      {
        name: 'revocation_end_to_end_seconds',
        help: 'From the request that asked for a revocation until a gateway had applied it, by its receipt',
      },
      ['gateway'],
    );
    this.receiptsTaken = metrics.counter({
      name: 'offswitch_receipts_taken_total',
      help: 'Receipts of gateways that were verified and stored',
    });
    this.receiptsRefused = metrics.counter(
      {
        name: 'offswitch_receipts_refused_total',
        help: 'Receipts that could not be read, or whose signature does not hold',
      },
      ['reason'],
    );
  }
}
