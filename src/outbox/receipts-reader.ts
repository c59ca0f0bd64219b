import type { GroupConsumer } from '../platform/kafka/group-consumer.js';
import type { TopicGate } from '../platform/kafka/topic-gate.js';
import type { ReceiptsIntake } from './receipts-intake.js';

export interface ReceiptsParts {
  readonly consumer: GroupConsumer;
  readonly gate: TopicGate;
  readonly intake: ReceiptsIntake;
}

/** Takes gateways' receipts off the topic. */
export class ReceiptsReader {
  readonly #parts: ReceiptsParts;

  constructor(parts: ReceiptsParts) {
    this.#parts = parts;
  }

  async run(stop: AbortSignal): Promise<void> {
    const { gate, consumer, intake } = this.#parts;
    if (await gate.opened(stop))
      await consumer.run(async (messages) => {
        await intake.take(messages);
      }, stop);
  }
}
