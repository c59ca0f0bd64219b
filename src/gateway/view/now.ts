/** One reading of both clocks; the view has none of its own. */
export interface Now {
  /** Unix milliseconds. */
  readonly wallMs: number;
  /** Milliseconds on a clock that never jumps; only differences mean anything. */
  readonly monotonicMs: number;
}
