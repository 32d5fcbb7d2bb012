/**
 * Options of {@link Gathering}, which decides how long changes collect before a check; in
 * milliseconds.
 */
export interface GatherOptions {
  /** Quiet time after which a check starts. */
  readonly settle: number;
  /** Longest time a change waits for quiet. */
  readonly most: number;
}

/** The times of the waiting changes, in one clock, in milliseconds. */
export interface WaitingChanges {
  readonly firstAt: number;
  readonly lastAt: number;
  /** When the last check before them ended. */
  readonly checkedAt: number;
}

/**
 * What was noticed: a change, or what csync2 leaves behind while it works, which holds up no
 * change.
 */
export type Noticed = 'change' | 'trace';

/** Which changes wait to be checked together, and until when. */
export class Gathering {
  readonly #options: GatherOptions;
  readonly #waiting = new Map<Noticed, { firstAt: number; lastAt: number }>();
  #checkedAt = 0;

  constructor(options: GatherOptions) {
    this.#options = options;
  }

  /** Something was noticed at this time. */
  note(what: Noticed, now: number): void {
    this.#waiting.set(what, { firstAt: this.#waiting.get(what)?.firstAt ?? now, lastAt: now });
  }

  /** The waiting changes are taken, or there are none. The next change begins a new window. */
  clear(): void {
    this.#waiting.clear();
  }

  /** A check has ended. */
  checked(now: number): void {
    this.#checkedAt = now;
  }

  /** When the window closes; undefined if nothing waits. */
  get until(): number | undefined {
    if (this.#waiting.size === 0) return undefined;
    // Each kind counts by itself, so that endless traces don't make a change wait for quiet.
    let first = Number.POSITIVE_INFINITY;
    for (const waiting of this.#waiting.values()) {
      first = Math.min(
        first,
        gatherUntil({ ...waiting, checkedAt: this.#checkedAt }, this.#options),
      );
    }
    return first;
  }
}

/**
 * When the window of gathering closes.
 *
 * A change after a long quiet is most often one alone: it waits only for what belongs to it, such
 * as the rename that follows a write. If a burst follows, it gathers while csync2 looks at the
 * first.
 */
export function gatherUntil(
  { firstAt, lastAt, checkedAt }: WaitingChanges,
  options: GatherOptions,
): number {
  const isAlone = firstAt - checkedAt > quietMilliseconds;
  const settle = isAlone ? options.settle / aloneFraction : options.settle;
  return Math.min(lastAt + settle, firstAt + options.most);
}

const quietMilliseconds = 250;
const aloneFraction = 16;
