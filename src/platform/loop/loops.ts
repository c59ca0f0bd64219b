import { setMaxListeners } from 'node:events';
import type { Log } from '../log/log.js';
import { Backoff } from './backoff.js';
import { pause } from '../time/pause.js';

/** Work that goes on until it is told to stop. */
export type Work = (stop: AbortSignal) => Promise<void>;

/** Runs loops side by side. One that fails is written down and begins again; the others do not notice. */
export class Loops {
  readonly #log: Log;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>[] = [];

  constructor(log: Log) {
    this.#log = log;
    // Each loop listens, and so does whatever it waits for: any number is right.
    setMaxListeners(0, this.#stopping.signal);
  }

  start(name: string, work: Work): void {
    this.#running.push(this.#keep(name, work));
  }

  /** Tells all of them to stop, and resolves when the last one has ended. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#running);
  }

  async #keep(name: string, work: Work): Promise<void> {
    const stop = this.#stopping.signal;
    const backoff = new Backoff(100, 1_000);
    while (!stop.aborted) {
      try {
        await work(stop);
        return;
      } catch (error) {
        this.#log.warn('a loop failed and begins again', { loop: name, error });
        await pause(backoff.next(), stop);
      }
    }
  }
}
