/** Lets one loop sleep until something happens or it is told to stop. A ring before the sleep is not lost. */
export class WakeUp {
  #isRung = false;
  #wake: (() => void) | null = null;

  ring(): void {
    this.#isRung = true;
    this.#wake?.();
  }

  /** Returns at once when it has rung since the last wait. Never rejects. */
  async wait(stop: AbortSignal): Promise<void> {
    if (!this.#isRung && !stop.aborted)
      await new Promise<void>((resolve) => {
        const done = (): void => {
          stop.removeEventListener('abort', done);
          this.#wake = null;
          resolve();
        };
        this.#wake = done;
        stop.addEventListener('abort', done, { once: true });
      });
    this.#isRung = false;
  }
}
