import { receiptBytes, type Receipt } from '../../contract/receipt.js';
import { signedHeaders } from '../../contract/signed-message.js';
import type { Sign } from '../../contract/crypto-types.js';
import type { Clock } from '../../kernel/clock.js';
import { pause } from '../pause.js';
import type { Position } from '../view/view.js';

/** A receipt as it is sent: the key is the gateway's id. */
export interface SignedReceipt {
  readonly key: string;
  readonly value: Uint8Array;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ReceiptsParts {
  /** Resolves when the receipt is stored. @throws anything when it may not be */
  readonly send: (receipt: SignedReceipt) => Promise<void>;
  /** Null before the first lease. */
  readonly gateway: () => string | null;
  readonly boot: string;
  readonly positions: () => readonly Position[];
  readonly sign: Sign;
  readonly clock: Clock;
  readonly onFailure: (error: unknown) => void;
}

const EACH_MS = 1_000;
/** Between two receipts: what is told first is told at once, and the more news there are, the more the next one gathers. */
const APART_MS = { first: 75, most: 300 } as const;
/** Digests in one receipt at most: below any broker's limit for a message. */
const LISTED = 2_000;
/** Digests that wait at most. What is dropped is told all the same, by the seq of the watermark that covers it. */
const WAITING = 20_000;

/**
 * Tells the service what has been applied: after every revocation, and each second. One receipt is under way at
 * a time, and they keep a distance, which grows while there are always news; what is applied meanwhile goes into the next.
 */
export class Receipts {
  readonly #parts: ReceiptsParts;
  #waiting: string[] = [];
  #wake: (() => void) | null = null;

  constructor(parts: ReceiptsParts) {
    this.#parts = parts;
  }

  note(applied: readonly string[]): void {
    if (applied.length === 0) return;
    this.#keep([...this.#waiting, ...applied]);
    this.#wake?.();
  }

  async run(stop: AbortSignal): Promise<void> {
    let apartMs: number = APART_MS.first;
    while (!stop.aborted) {
      if (this.#waiting.length === 0) {
        apartMs = APART_MS.first;
        await this.#news(stop);
      }
      await this.#tell(stop);
      await pause(apartMs, stop);
      apartMs = Math.min(2 * apartMs, APART_MS.most);
    }
    await this.#tell(stop); // the last word, when the process is told to end
  }

  async #tell(stop: AbortSignal): Promise<void> {
    const { gateway, send, onFailure } = this.#parts;
    const id = gateway();
    const positions = this.#parts.positions();
    if (id === null || (positions.length === 0 && this.#waiting.length === 0)) {
      await pause(EACH_MS, stop);
      return;
    }
    const applied = this.#waiting.splice(0, LISTED);
    try {
      await send(this.#signed(id, applied, positions));
    } catch (error) {
      // It may have been stored: saying it twice does no harm.
      this.#keep([...applied, ...this.#waiting]);
      onFailure(error);
      await pause(EACH_MS, stop);
    }
  }

  #signed(
    gateway: string,
    applied: readonly string[],
    partitions: readonly Position[],
  ): SignedReceipt {
    const { boot, clock, sign } = this.#parts;
    const at = clock.now().toISOString();
    const receipt: Receipt = { v: 1, gateway, boot, at, applied, partitions };
    const value = receiptBytes(receipt);
    return { key: gateway, value, headers: signedHeaders('receipt', value, sign) };
  }

  #keep(digests: string[]): void {
    this.#waiting = digests.length > WAITING ? digests.slice(-WAITING) : digests;
  }

  /** Until something was applied or a second has passed. */
  async #news(stop: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      const go = (): void => {
        clearTimeout(timer);
        stop.removeEventListener('abort', go);
        this.#wake = null;
        resolve();
      };
      const timer = setTimeout(go, EACH_MS);
      stop.addEventListener('abort', go);
      this.#wake = go;
      if (stop.aborted) go();
    });
  }
}
