import type { Log } from '../log/log.js';
import { Backoff } from '../loop/backoff.js';
import { WakeUp } from '../loop/wake-up.js';
import { pause } from '../time/pause.js';
import type { TopicKeeper } from './topic-keeper.js';

/** How often topics that were in order are looked at again, milliseconds. */
const RECHECK_MS = 60_000;
/** From one look to the next at least, milliseconds: brokers that are away are not asked all the time. */
const APART_MS = 2_000;

/**
 * Stands before everything that is sent: open while the topics are known to be as they must be. Kafka being
 * away keeps it closed without failing anything else (P6); wrong settings close it with an alarm.
 */
export class TopicGate {
  readonly #keeper: TopicKeeper;
  readonly #log: Log;
  #trouble: string | null = 'the topics have not been checked yet';
  readonly #doubts = new WakeUp();
  #waiting: (() => void)[] = [];

  constructor(keeper: TopicKeeper, log: Log) {
    this.#keeper = keeper;
    this.#log = log;
  }

  /** Why nothing may be sent; null when the gate is open. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /**
   * Waits until the gate is open.
   *
   * @returns false when `stop` was aborted instead
   */
  async opened(stop: AbortSignal): Promise<boolean> {
    if (this.#trouble !== null && !stop.aborted)
      await new Promise<void>((resolve) => {
        const goOn = (): void => {
          stop.removeEventListener('abort', goOn);
          resolve();
        };
        this.#waiting.push(goOn);
        stop.addEventListener('abort', goOn, { once: true });
      });
    return !stop.aborted;
  }

  /** Something was not sent: the topics may not be there any more, and are looked at soon. */
  doubt(): void {
    this.#doubts.ring();
  }

  /** Checks until it is told to stop. */
  async run(stop: AbortSignal): Promise<void> {
    const backoff = new Backoff(200, 5_000);
    while (!stop.aborted) {
      const isFine = await this.#check(stop);
      if (isFine) backoff.reset();
      await pause(isFine ? APART_MS : backoff.next(), stop);
      if (isFine) await this.#rest(stop);
    }
  }

  /** Until it is time to look again, or somebody has doubts. */
  async #rest(stop: AbortSignal): Promise<void> {
    const over = new AbortController();
    const end = (): void => {
      over.abort();
    };
    stop.addEventListener('abort', end, { once: true });
    if (stop.aborted) end();
    await Promise.race([pause(RECHECK_MS, over.signal), this.#doubts.wait(over.signal)]);
    stop.removeEventListener('abort', end);
    end();
  }

  async #check(stop: AbortSignal): Promise<boolean> {
    let wrong: readonly string[];
    try {
      wrong = await this.#keeper.check(stop);
    } catch (error) {
      if (stop.aborted) return false;
      // An open gate stays open: the settings that were right a minute ago are the best that is known.
      if (this.#trouble !== null)
        this.#close('the cluster cannot be reached', (trouble) => {
          this.#log.error('nothing is published', { trouble, error });
        });
      return this.#trouble === null;
    }
    if (wrong.length > 0) {
      this.#close(wrong.join('; '), (trouble) => {
        this.#log.alarm('topic_settings_wrong', 'nothing is published', { trouble });
      });
      return false;
    }
    if (this.#trouble !== null) this.#log.info('the topics are as they must be');
    this.#trouble = null;
    for (const resume of this.#waiting.splice(0)) resume();
    return true;
  }

  #close(trouble: string, tell: (trouble: string) => void): void {
    if (this.#trouble !== trouble) tell(trouble);
    this.#trouble = trouble;
  }
}
