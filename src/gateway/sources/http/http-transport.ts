import { FeedEvents, type FeedEvent } from '../../../contract/feed-events.js';
import { MessageRefused } from '../../../contract/read.js';
import { MAX_PART_RECORDS } from '../../../contract/snapshot.js';
import { HEADER } from '../../../contract/topics.js';
import type { Secret } from '../../../kernel/secret.js';
import { exchange, type Answer, type Patience } from '../../exchange.js';
import { KeyRefused } from '../../lease/service-client.js';
import { pause } from '../../pause.js';
import type { SignedReceipt } from '../../receipts/receipts.js';
import type { Report } from '../../report.js';
import type { Received } from '../../view/authenticate.js';
import type { FeedFollower, Followed, Transport } from '../source.js';

export interface HttpTransportParts {
  /** Where the service is, and this gateway's `ofs_gateway_…` key. */
  readonly service: { readonly url: string; readonly key: Secret };
  readonly report: Report;
}

const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 2_000;
/** Something comes each second; a stream that is silent for so long is dead. */
const SILENT_MS = 5_000;
const ANSWER_MS = 5_000;

/** The stream cannot go on from where we are: only a snapshot helps. */
class BeginAgain extends Error {
  override readonly name = 'BeginAgain';
}

/** The feed and the receipts over HTTP. The service may come and go: a stream that ends is followed by the next. */
export class HttpTransport implements Transport {
  readonly #url: string;
  readonly #key: Secret;
  readonly #report: Report;
  readonly #closing = new AbortController();

  constructor({ service, report }: HttpTransportParts) {
    this.#url = service.url.replace(/\/+$/, '');
    this.#key = service.key;
    this.#report = report;
  }

  async follow(_followed: Followed, follower: FeedFollower, stop: AbortSignal): Promise<void> {
    let waitMs = FIRST_WAIT_MS;
    let needsSnapshot = follower.feedPosition === null;
    while (!stop.aborted) {
      const before = follower.feedPosition;
      try {
        if (needsSnapshot) await this.#snapshot(follower, stop);
        needsSnapshot = false;
        await this.#stream(follower, stop);
      } catch (error) {
        needsSnapshot ||= error instanceof BeginAgain || follower.feedPosition === null;
        if (!isOver(stop)) this.#report({ kind: 'source.failed', error });
      }
      if (follower.feedPosition !== before) waitMs = FIRST_WAIT_MS;
      await pause(waitMs, stop);
      waitMs = Math.min(2 * waitMs, LONGEST_WAIT_MS);
    }
  }

  /** Resolves when it is stored. */
  async sendReceipt(_topic: string, { value, headers }: SignedReceipt): Promise<void> {
    const request = {
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: Buffer.from(value),
    };
    const patience: Patience = { stop: this.#closing.signal, ms: ANSWER_MS, of: 'everything' };
    await this.#ask('/v1/gateways/self/receipts', request, patience, ({ status }) => {
      if (status === 204) return Promise.resolve();
      throw new Error(`the service answered ${status}`);
    });
  }

  /** A record by its digest; null when the service has none of that name. */
  record(digest: string, stop: AbortSignal): Promise<Received | null> {
    const patience: Patience = { stop, ms: ANSWER_MS, of: 'everything' };
    return this.#ask(`/v1/revocations/records/${digest}`, {}, patience, async (answer) => {
      if (answer.status === 404) return null;
      if (answer.status !== 200) throw new Error(`the service answered ${answer.status}`);
      const value = await answer.bytes();
      return {
        type: answer.header(HEADER.type),
        kid: answer.header(HEADER.kid),
        signature: Buffer.from(answer.header(HEADER.signature), 'base64url'),
        value,
        text: value.toString('utf8'),
      };
    });
  }

  close(): Promise<void> {
    this.#closing.abort();
    return Promise.resolve();
  }

  async #snapshot(follower: FeedFollower, stop: AbortSignal): Promise<void> {
    const isWhole = await this.#read('/v1/revocations/snapshot', {}, { follower, stop });
    if (!isWhole) throw new BeginAgain('the snapshot was cut short');
  }

  async #stream(follower: FeedFollower, stop: AbortSignal): Promise<void> {
    const headers = { 'last-event-id': follower.feedPosition ?? '' };
    await this.#read('/v1/revocations/stream', headers, { follower, stop });
  }

  /** @returns whether what came last was the last part of a way */
  #read(
    path: string,
    headers: Readonly<Record<string, string>>,
    { follower, stop }: { readonly follower: FeedFollower; readonly stop: AbortSignal },
  ): Promise<boolean> {
    const patience: Patience = { stop, ms: SILENT_MS, of: 'silence' };
    return this.#ask(path, { headers }, patience, async (answer) => {
      if (answer.status === 409) throw new BeginAgain('one cannot go on from this position');
      if (answer.status !== 200) throw new Error(`the service answered ${answer.status}`);
      follower.restartFeed();
      const reading = new PartReading(follower);
      const events = new FeedEvents();
      const decoder = new TextDecoder();
      for await (const bytes of answer.chunks()) {
        const text = decoder.decode(bytes, { stream: true });
        for (const event of events.push(text)) reading.take(event);
      }
      return reading.isWhole;
    });
  }

  #ask<T>(
    path: string,
    request: RequestInit,
    patience: Patience,
    read: (answer: Answer) => Promise<T>,
  ): Promise<T> {
    const headers = {
      ...(request.headers as Readonly<Record<string, string>> | undefined),
      authorization: `Bearer ${this.#key.reveal()}`,
    };
    return exchange(this.#url + path, { ...request, headers }, patience, (answer) => {
      if (answer.status === 401) throw new KeyRefused('the service does not know this key');
      return read(answer);
    });
  }
}

/** Read anew: it may be aborted while somebody waits. */
const isOver = (stop: AbortSignal): boolean => stop.aborted;

/** Records wait here until the part behind them vouches for them. */
class PartReading {
  readonly #follower: FeedFollower;
  #records: string[] = [];
  #isWhole = false;

  constructor(follower: FeedFollower) {
    this.#follower = follower;
  }

  get isWhole(): boolean {
    return this.#isWhole && this.#records.length === 0;
  }

  take({ type, data }: FeedEvent): void {
    const [text = '', kid = '', signature = ''] = data;
    if (type === 'revocation') {
      if (this.#records.length >= MAX_PART_RECORDS)
        throw new MessageRefused('no part comes after these records');
      this.#records.push(text);
      return;
    }
    if (type !== 'snapshot') return; // a later service may say more
    const records = this.#records;
    this.#records = [];
    const value = Buffer.from(text);
    const outcome = this.#follower.takePart(records, {
      type,
      kid,
      signature: Buffer.from(signature, 'base64url'),
      value,
      text,
    });
    if (outcome === 'refused' || outcome === 'gap')
      throw new BeginAgain(`a part of the feed is not what it should be (${outcome})`);
    this.#isWhole = outcome === 'reached';
  }
}
