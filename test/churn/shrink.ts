/**
 * The shortest list that still fails, by halving: leaves out ever smaller pieces, down to single
 * elements. `fails` may be a matter of luck; a piece stays out only if the rest has failed without
 * it. Ends early at `deadline` (Date.now).
 */
export async function shrink<T>(
  list: readonly T[],
  fails: (shorter: readonly T[]) => Promise<boolean>,
  deadline: number,
): Promise<readonly T[]> {
  let left = list;
  for (
    let size = Math.ceil(left.length / 2);
    size >= 1;
    size = size === 1 ? 0 : Math.ceil(size / 2)
  ) {
    for (let at = 0; at < left.length; ) {
      if (Date.now() > deadline) return left;
      const shorter = [...left.slice(0, at), ...left.slice(at + size)];
      if (await fails(shorter)) left = shorter;
      else at += size;
    }
  }
  return left;
}
