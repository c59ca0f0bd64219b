/** Each of a page with what was found for it, in one go; null where there is nothing to tell. */
export async function foundBeside<One extends { readonly id: string }, Id extends string, Found>(
  page: readonly One[],
  find: (ids: readonly Id[]) => Promise<ReadonlyMap<Id, Found>>,
): Promise<readonly (readonly [One, Found | null])[]> {
  const found = await find(page.map(({ id }) => id as Id));
  return page.map((one) => [one, found.get(one.id as Id) ?? null]);
}
