import type { Listed, PageOf } from './page.js';

/** One more than the page holds is asked for: it says whether there is a next one. */
export const oneMore = <C extends string>(page: PageOf<C>): PageOf<C> => ({
  ...page,
  limit: page.limit + 1,
});

export function listed<T extends { readonly id: string }>(
  found: readonly T[],
  limit: number,
): Listed<T> {
  const items = found.slice(0, limit);
  return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
}
