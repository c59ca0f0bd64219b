/** Time as the process sees it. Times that are compared with each other come from the primary instead. */
export abstract class Clock {
  /** Wall clock. */
  abstract now(): Date;
  /** The same as a number, for whoever asks a million times a second. */
  nowMs(): number {
    return this.now().getTime();
  }
  /** Milliseconds on a clock that never jumps; only differences mean anything. */
  abstract monotonicMs(): number;
}
