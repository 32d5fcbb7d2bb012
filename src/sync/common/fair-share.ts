/**
 * Chooses some of many items: the same number from each directory, and within each directory the
 * same number from each of its directories. So a user who makes ten thousand files in one place
 * does not delay users in other places.
 *
 * @param items - the most urgent first; the result is in the same order
 * @param pathOf - the path of an item, its components between slashes
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

/** @param from - where the part of the paths begins that they may not have in common */
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
    // One of the items is the directory that holds all others.
    begin += component.length + 1;
    byComponent = groupsOf(candidates, begin);
  }
  const groups =
    byComponent.size > 1 ? [...byComponent.values()] : candidates.map((candidate) => [candidate]);
  // Not every group can have one item, so the most urgent groups have one.
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

/** Groups candidates by the component that begins at `begin`, in the order of their first items. */
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

/** Where the first differing components begin, in paths that are equal up to `from`. */
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
