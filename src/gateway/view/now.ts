/** One reading of both clocks; the view has none of its own. */
export interface Now {
  /** Unix milliseconds. */
  readonly wallMs: number;
  /** Milliseconds on a clock that never jumps; only differences mean anything. */
  readonly monotonicMs: number;
}

export const NEVER: Now = { wallMs: -Infinity, monotonicMs: -Infinity };

export const earlier = (one: Now, other: Now): Now => ({
  wallMs: Math.min(one.wallMs, other.wallMs),
  monotonicMs: Math.min(one.monotonicMs, other.monotonicMs),
});
