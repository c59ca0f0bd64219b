/** Which part of a list, newest first. */
export interface PageOf<Cursor extends string> {
  /** `next` of the page before; null for the first page. */
  readonly cursor: Cursor | null;
  readonly limit: number;
}

export interface Listed<T> {
  readonly items: readonly T[];
  /** The id of the last item; null on the last page. */
  readonly next: string | null;
}
