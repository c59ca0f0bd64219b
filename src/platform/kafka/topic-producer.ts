/** One message with the partition that we chose for it. */
export interface OutgoingMessage {
  readonly partition: number;
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

/** The broker will never take these messages as they are: too large, or against a policy of its own. */
export class MessagesRefused extends Error {
  override readonly name = 'MessagesRefused';
}

export abstract class TopicProducer {
  /**
   * Sends the messages in one request and resolves with their offsets, in the same order, once all in-sync
   * replicas have them (`acks=all`). It ends within a bounded time. When it rejects, each of the messages may
   * or may not have been stored: sending them again is the caller's business, and duplicates are its price.
   *
   * @throws MessagesRefused when trying again is useless; with one message in the call it is that one
   */
  abstract send(topic: string, messages: readonly OutgoingMessage[]): Promise<readonly number[]>;

  /** Sends nothing more and lets go of the brokers. */
  abstract close(): Promise<void>;
}
