/**
 * The items that are (nearly) alone in their directory, in their order. If much is waiting, they
 * most likely don't belong to the large part of it, and go first.
 */
export function aloneInDirectory<Item>(
  items: readonly Item[],
  directoryOf: (item: Item) => string,
): readonly Item[] {
  const counts = new Map<string, number>();
  const directories = items.map(directoryOf);
  for (const directory of directories) counts.set(directory, (counts.get(directory) ?? 0) + 1);
  return items.filter((_, index) => (counts.get(directories[index] as string) ?? 0) <= few);
}

/** How many files go first at once: csync2 needs little longer for some tens than for one. */
export const mostAhead = 50;

/** Files of one directory that still count as alone. */
const few = 3;
