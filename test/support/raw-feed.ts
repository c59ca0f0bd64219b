import { FeedEvents, type FeedEvent } from '../../src/contract/feed-events.js';
import { readSnapshotPart } from '../../src/contract/read.js';
import type { SnapshotPart } from '../../src/contract/snapshot.js';
import { bearer } from './running-service.js';

/** The feed as bytes bring it, without any belief: for tests of what the service writes. */
export class RawFeed {
  readonly events: FeedEvent[] = [];
  readonly status: number;
  readonly headers: Headers;
  readonly ended: Promise<void>;
  readonly #stop: AbortController;

  private constructor(answer: Response, stop: AbortController) {
    this.status = answer.status;
    this.headers = answer.headers;
    this.#stop = stop;
    this.ended = this.#read(answer);
  }

  static async open(url: string, key: string, headers: Record<string, string> = {}) {
    const stop = new AbortController();
    const answer = await fetch(url, {
      headers: { ...bearer(key), ...headers },
      signal: stop.signal,
    });
    return new RawFeed(answer, stop);
  }

  static stream = (service: string, key: string, position: string): Promise<RawFeed> =>
    RawFeed.open(`${service}/v1/revocations/stream`, key, { 'last-event-id': position });

  /** Read to its end. */
  static async snapshot(service: string, key: string): Promise<RawFeed> {
    const feed = await RawFeed.open(`${service}/v1/revocations/snapshot`, key);
    await feed.ended;
    return feed;
  }

  get records(): readonly string[] {
    return this.events.filter(({ type }) => type === 'revocation').map(({ data }) => data[0]!);
  }

  get parts(): readonly SnapshotPart[] {
    return this.events
      .filter(({ type }) => type === 'snapshot')
      .map(({ data }) => readSnapshotPart(data[0]!));
  }

  /** Where the last part leads to. */
  get position(): string {
    return this.parts.at(-1)!.to;
  }

  close(): void {
    this.#stop.abort();
  }

  async #read(answer: Response): Promise<void> {
    const cut = new FeedEvents();
    const decoder = new TextDecoder();
    try {
      for await (const bytes of answer.body ?? [])
        this.events.push(...cut.push(decoder.decode(bytes as Uint8Array, { stream: true })));
    } catch {
      // It was cut: what came whole counts.
    }
  }
}
