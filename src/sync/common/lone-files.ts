/**
 * Those items that are (nearly) alone in their directory, in their order. Where much is to be done
 * they are most likely not part of what is so large, and go before it.
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

/** How many files go before others at once: some tens take csync2 little longer than one. */
export const mostAhead = 50;

/** Files of one directory that still count as alone. */
const few = 3;
