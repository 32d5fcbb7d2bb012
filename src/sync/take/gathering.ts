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
  /** All that has come is done with: nothing more is to be expected of it. */
  readonly isFinished: boolean;
  /** When the last check before them ended. */
  readonly checkedAt: number;
}

/**
 * What was noticed: a change that is finished; a `draft`, which a program is about to give its true
 * name, or to remove; or a `trace`, which csync2 leaves behind while it works. Neither holds up a
 * change.
 */
export type Noticed = 'change' | 'draft' | 'trace';

/** Which changes wait to be checked together, and until when. */
export class Gathering {
  readonly #options: GatherOptions;
  readonly #waiting = new Map<Noticed, Omit<WaitingChanges, 'checkedAt'>>();
  #checkedAt = 0;

  constructor(options: GatherOptions) {
    this.#options = options;
  }

  /** Something was noticed at this time. */
  note(what: Noticed, now: number): void {
    const first = this.#waiting.get(what);
    const isFinished = what === 'change' && first === undefined;
    this.#waiting.set(what, { firstAt: first?.firstAt ?? now, lastAt: now, isFinished });
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
 * A change after a quiet time is most often one alone: if it is finished, it waits for nothing. If
 * a burst follows, that gathers while csync2 checks the first. With the second change, or with one
 * that is not finished, gathering begins: after a quiet time for a moment, in which comes what
 * belongs together, such as the rename that follows a write; else, of a flood, until changes
 * settle.
 */
export function gatherUntil(
  { firstAt, lastAt, checkedAt, isFinished }: WaitingChanges,
  options: GatherOptions,
): number {
  const isAlone = firstAt - checkedAt > quietMilliseconds;
  if (isAlone && isFinished) return firstAt;
  const settle = isAlone ? options.settle / aloneFraction : options.settle;
  return Math.min(lastAt + settle, firstAt + options.most);
}

const quietMilliseconds = 250;
const aloneFraction = 16;
