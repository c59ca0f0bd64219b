/** With so many records in one request there is a rush: the next one waits a little, so that it carries more. */
const RUSH = 8;
const LONGEST_MS = 15;
/** A request that took long says that somebody is busy: the next one waits so many times as long. */
const REST = 2;

/**
 * How long the publisher rests after a request. A request costs brokers and gateways about the same whatever it carries.
 *
 * @param tookMs from the request to the acknowledgement of all in-sync replicas
 */
export const restMs = (records: number, tookMs: number): number =>
  records >= RUSH ? LONGEST_MS : Math.min(LONGEST_MS, REST * tookMs);
