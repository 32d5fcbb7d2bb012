/** How changes are gathered into one check; all in milliseconds. */
export interface GatherOptions {
  /** Quiet time after which a check starts. */
  readonly settle: number;
  /** Longest time a change waits for quiet. */
  readonly most: number;
}

/** When the changes that wait came, in one clock, in milliseconds. */
export interface WaitingChanges {
  readonly firstAt: number;
  readonly lastAt: number;
  /** When the last check before them ended. */
  readonly checkedAt: number;
}

/**
 * When the window of gathering closes.
 *
 * A change after a long quiet is most often one alone: it waits only for what belongs to it, such as the rename that
 * follows a write. If a burst follows, it gathers while csync2 looks at the first.
 */
export function gatherUntil({ firstAt, lastAt, checkedAt }: WaitingChanges, options: GatherOptions): number {
  const isAlone = firstAt - checkedAt > quietMilliseconds;
  const settle = isAlone ? options.settle / aloneFraction : options.settle;
  return Math.min(lastAt + settle, firstAt + options.most);
}

const quietMilliseconds = 250;
const aloneFraction = 16;
