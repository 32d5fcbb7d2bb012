/**
 * Some of many items, the same number from each directory, and of that from each directory in it:
 * who makes ten thousand files in his own place takes no turn from those who work beside him.
 *
 * @param items - the most urgent first; so are those that are returned
 * @param pathOf - of an item, its components between slashes
 */
export function fairShare<Item>(
  items: readonly Item[],
  most: number,
  pathOf: (item: Item) => string,
): readonly Item[] {
  if (items.length <= most) return items;
  const chosen: number[] = [];
  take(
    items.map((item, index) => ({ index, path: pathOf(item) })),
    { from: 0, most },
    chosen,
  );
  return chosen.sort((one, other) => one - other).map((index) => items[index] as Item);
}

interface Candidate {
  readonly index: number;
  readonly path: string;
}

/** @param from - where in the paths begins what they don't have in common for certain */
function take(
  candidates: readonly Candidate[],
  { from, most }: { readonly from: number; readonly most: number },
  chosen: number[],
): void {
  if (candidates.length <= most) {
    for (const { index } of candidates) chosen.push(index);
    return;
  }
  let begin = endOfCommon(candidates, from);
  let byComponent = groupsOf(candidates, begin);
  const [component = ''] = byComponent.keys();
  if (byComponent.size === 1 && component !== '') {
    // One of them is the directory that all others are in.
    begin += component.length + 1;
    byComponent = groupsOf(candidates, begin);
  }
  const groups =
    byComponent.size > 1 ? [...byComponent.values()] : candidates.map((candidate) => [candidate]);
  // One each would be too many: the most urgent have one.
  if (groups.length > most) groups.length = most;
  groups.sort((one, other) => one.length - other.length);
  let left = most;
  for (const [index, group] of groups.entries()) {
    const share = Math.floor(left / (groups.length - index));
    const taken = Math.min(share, group.length);
    if (taken === 1) chosen.push((group[0] as Candidate).index);
    else take(group, { from: begin, most: taken }, chosen);
    left -= taken;
  }
}

/** By the component that begins there, in the order of their first. */
function groupsOf(candidates: readonly Candidate[], begin: number): Map<string, Candidate[]> {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const end = candidate.path.indexOf('/', begin);
    const component = candidate.path.slice(begin, end < 0 ? undefined : end);
    const group = groups.get(component);
    if (group) group.push(candidate);
    else groups.set(component, [candidate]);
  }
  return groups;
}

/** Where the components begin in which paths differ that are equal up to `from`. */
function endOfCommon(candidates: readonly Candidate[], from: number): number {
  const [first] = candidates as readonly [Candidate];
  let common = first.path.length;
  for (const { path } of candidates) {
    let at = from;
    while (at < common && path.charCodeAt(at) === first.path.charCodeAt(at)) at++;
    common = at;
  }
  return Math.max(from, first.path.lastIndexOf('/', common - 1) + 1);
}
