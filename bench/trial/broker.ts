import { TopicProducer, type OutgoingMessage } from '../../src/platform/kafka/topic-producer.js';
import { MemoryTopic } from '../../test/support/outbox-world.js';

export type Fails = 'before' | 'after';

/** Each process of the service has one; they share the topic. */
export class TrialProducer extends TopicProducer {
  readonly #broker: TrialBroker;

  constructor(broker: TrialBroker) {
    super();
    this.#broker = broker;
  }

  override send(_: string, messages: readonly OutgoingMessage[]): Promise<readonly number[]> {
    return this.#broker.take(messages);
  }

  override close(): Promise<void> {
    return Promise.resolve();
  }
}

/** A topic whose broker fails on purpose. */
export class TrialBroker {
  readonly topic = new MemoryTopic();
  /** Told of each request that was stored or failed. */
  onNews: () => void = () => undefined;
  failures = 0;
  #fails: { readonly when: Fails; left: number } | null = null;
  #hangsNext = false;
  #hanging: (() => void)[] = [];

  fail(when: Fails, times: number): void {
    this.#fails = { when, left: times };
  }

  /** The next request hangs until {@link arrive}. */
  hang(): void {
    this.#hangsNext = true;
  }

  get hangs(): boolean {
    return this.#hanging.length > 0;
  }

  /** What hangs arrives now. */
  arrive(): void {
    this.#hangsNext = false;
    for (const go of this.#hanging.splice(0)) go();
  }

  heal(): void {
    this.#fails = null;
    this.arrive();
  }

  async take(messages: readonly OutgoingMessage[]): Promise<readonly number[]> {
    if (this.#hangsNext) {
      this.#hangsNext = false;
      await new Promise<void>((resolve) => {
        this.#hanging.push(resolve);
        this.onNews();
      });
      return this.topic.send('', messages);
    }
    const fails = this.#failsNow();
    const offsets = fails === 'before' ? null : await this.topic.send('', messages);
    if (fails === null && offsets !== null) {
      this.onNews();
      return offsets;
    }
    this.failures += 1;
    this.onNews();
    throw new Error('the broker broke');
  }

  #failsNow(): Fails | null {
    if (this.#fails === null || this.#fails.left === 0) return null;
    this.#fails.left -= 1;
    return this.#fails.when;
  }
}
