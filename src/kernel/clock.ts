/** Time as the process sees it. Times that are compared with each other come from the primary instead. */
export abstract class Clock {
  /** Wall clock. */
  abstract now(): Date;
  /** Milliseconds on a clock that never jumps; only differences mean anything. */
  abstract monotonicMs(): number;
}
