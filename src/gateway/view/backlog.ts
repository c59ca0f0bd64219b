import type { Authenticated, Before, Waiting } from './authenticate.js';
import type { Now } from './now.js';

/** Records that wait at most, and their bytes; beyond them each needs a signature of its own. One partition's. */
const MOST_WAITING = 8_192;
const MOST_BYTES = 4 * 1024 * 1024;
/** A record is listed by the round that is under way when it is appended, or by the next one: after these, by none. */
const ROUNDS = 2;
/** Signatures that are verified in one go of settling: a tenth of a second. */
const AT_ONCE = 1_024;

/**
 * Records of one partition that wait for the watermark that lists them, while its log is read to the end: one signature
 * then vouches for many, wherever a fetch was cut. Nothing that the view believes to be complete lists them, so that they
 * wait makes it no fresher than it is. Whoever may write to the topic can make records wait that nothing lists: they
 * wait for two rounds at most, and what is kept of them holds no fetch in memory.
 */
export class Backlog {
  #waiting: readonly Waiting[] = [];
  #sinceMs = 0;

  /** `demanded`: digests that a watermark has listed already. Such a record keeps the view from being complete. */
  before(isMoreComing: boolean, demanded: ReadonlySet<string>): Before {
    let [records, bytes] = [0, 0];
    const letWait = (record: Waiting): Waiting | null => {
      if (!isMoreComing || record.passedOver >= ROUNDS || demanded.has(record.content.digest))
        return null;
      if (records >= MOST_WAITING) return null;
      const kept = isOwn(record) ? record : { ...record, message: new OwnMessage(record.message) };
      if (bytes + kept.message.size > MOST_BYTES) return null;
      records += 1;
      bytes += kept.message.size;
      return kept;
    };
    return { waiting: this.#waiting, letWait };
  }

  /** Those that have waited longest, some of them: they wait no longer. */
  oldest(): Before {
    return { waiting: this.#waiting.slice(0, AT_ONCE), letWait: () => null };
  }

  keep({ waiting, authentic }: Authenticated, before: Before, { monotonicMs }: Now): void {
    const isHeard = authentic.some(({ kind }) => kind === 'watermark');
    if (this.#waiting.length === 0 || isHeard) this.#sinceMs = monotonicMs;
    this.#waiting = [...waiting, ...this.#waiting.slice(before.waiting.length)];
  }

  /** Whether something waits, and no watermark has come for so long. */
  hasWaited(ms: number, { monotonicMs }: Now): boolean {
    return this.#waiting.length > 0 && monotonicMs - this.#sinceMs >= ms;
  }
}

/** Copies: what came is cut out of the answer to a fetch, megabytes that would stay as long as one message of it. */
class OwnMessage {
  readonly type: string;
  readonly kid: string;
  readonly signature: Uint8Array;
  readonly value: Uint8Array;

  constructor({ type, kid, signature, value }: Waiting['message']) {
    this.type = type;
    this.kid = kid;
    this.signature = new Uint8Array(signature);
    this.value = new Uint8Array(value);
  }

  get size(): number {
    return this.kid.length + this.signature.byteLength + this.value.byteLength;
  }
}

const isOwn = (record: Waiting): record is Waiting & { readonly message: OwnMessage } =>
  record.message instanceof OwnMessage;
