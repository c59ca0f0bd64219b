import type { Claims, GatewayEvent } from '../gateway/index.js';
import type { Log } from '../platform/log/log.js';
import type { Tally } from './tally.js';

/** The same news is written once in so long, milliseconds. */
const SILENCE_MS = 30_000;
const REMEMBERED = 1_000;

/** Writes down what a gateway reports, and counts its alarms. What repeats itself each second is written once. */
export class EventLog {
  readonly #log: Log;
  readonly #tally: Tally;
  readonly #monotonicMs: () => number;
  readonly #said = new Map<string, number>();
  #hasLease = false;

  constructor(log: Log, tally: Tally, monotonicMs: () => number) {
    this.#log = log;
    this.#tally = tally;
    this.#monotonicMs = monotonicMs;
  }

  readonly report = (event: GatewayEvent): void => {
    switch (event.kind) {
      case 'lease.renewed':
        if (!this.#hasLease) this.#log.info('the service gave a lease', { gateway: event.id });
        this.#hasLease = true;
        break;
      case 'lease.failed':
        this.#hasLease = false;
        this.#failed(event.isRefused ? 'lease_refused' : 'lease_failed', event.error);
        break;
      case 'lease.restored':
        this.#log.info('started on the last lease');
        break;
      case 'view.restored':
        this.#log.info('started on the last view', { subjects: event.size });
        break;
      case 'view.discarded':
        this.#noted('view_discarded', { why: event.why }, 'the kept view was thrown away');
        break;
      case 'view.not-kept':
      case 'lease.not-kept':
      case 'goodbye.failed':
      case 'keys.failed':
      case 'introspection.failed':
      case 'stream.not-closed':
      case 'source.failed':
      case 'receipts.failed':
        this.#failed(event.kind.replace(/[.-]/g, '_'), event.error);
        break;
      case 'source.stands-in':
        this.#log.info(
          event.isStandingIn
            ? 'follows over HTTP while Kafka is away'
            : 'follows Kafka alone again',
        );
        break;
      case 'record.repaired':
        this.#noted('record_repaired', { digest: event.digest });
        break;
      case 'issuers.not-kept':
        this.#failed('issuers_not_kept', event.error, { older: event.isOlderLeft });
        break;
      case 'feed.refused':
        this.#noted('feed_refused', { why: event.why });
        break;
      case 'source.sought':
        this.#alarm(`reading_again_${event.why}`, { partition: event.partition });
        break;
      case 'view.alarm':
        this.#alarm(`view_${event.alarm}`, { partition: event.partition });
        break;
      case 'messages.refused':
        this.#alarm('messages_refused', { partition: event.partition }, event.count);
        break;
      case 'token.used-after-revoke':
        this.#used(event);
        break;
    }
  };

  #noted(
    alarm: string,
    fields: Readonly<Record<string, string>>,
    message = 'the feed or the topic is not what it should be',
  ): void {
    this.#tally.alarm(alarm);
    if (this.#isNews(alarm)) this.#log.error(message, { alarm, ...fields });
  }

  #failed(alarm: string, error: unknown, fields: { readonly older?: boolean } = {}): void {
    this.#tally.alarm(alarm);
    const line = { alarm, error, ...fields };
    if (this.#isNews(`${alarm} ${String(fields.older)}`))
      this.#log.warn('something is away or refuses us', line);
  }

  #alarm(alarm: string, fields: { readonly partition: number }, times = 1): void {
    this.#tally.alarm(alarm, times);
    if (!this.#isNews(`${alarm} ${fields.partition}`)) return;
    this.#log.error('the topic is not what it should be', { alarm, ...fields });
  }

  /** Ids only. One line per device token and half a minute: whoever still uses it tries again and again. */
  #used({ use }: Extract<GatewayEvent, { kind: 'token.used-after-revoke' }>): void {
    this.#tally.usedAfterRevoke += 1;
    const [name, fields] = whoseUse(use.claims);
    if (!this.#isNews(`use ${name}`)) return;
    const { reason } = use;
    this.#log.warn('a revoked token was used', { alarm: 'use_after_revoke', reason, ...fields });
  }

  #isNews(what: string): boolean {
    const now = this.#monotonicMs();
    if (now - (this.#said.get(what) ?? -Infinity) < SILENCE_MS) return false;
    if (this.#said.size >= REMEMBERED) this.#said.clear();
    this.#said.set(what, now);
    return true;
  }
}

/** Of somebody of a foreign issuer the name that records use: `sub` may be an e-mail address. */
function whoseUse(claims: Claims): readonly [string, Readonly<Record<string, string>>] {
  if ('subject' in claims) {
    const { org, iss, subject } = claims;
    return [subject, { org, issuer: iss, subject }];
  }
  const { org, sub, did, fam } = claims;
  return [fam, { org, user: sub, device: did, family: fam }];
}
