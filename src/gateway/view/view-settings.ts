export interface ViewSettings {
  readonly installation: string;
  readonly topic: string;
  readonly partitions: number;
  /** Older records can refuse no living token. */
  readonly windowMs: number;
  /** S */
  readonly stalenessMs: number;
  readonly skewMs: number;
}
