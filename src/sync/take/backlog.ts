import { type Batch, batchSize } from '../common/batch.js';
import type { Portions } from './portions.js';

/** A piece of what was taken from the queue. */
export interface Portion {
  readonly batch: Batch;
  /** When the oldest change in it was noticed, or earlier; milliseconds since 1970. */
  readonly changedAt: number;
}

/** What is left of batches that were small, and taken back. */
export interface Recalled {
  readonly batches: readonly Batch[];
  /** When the oldest change in them was noticed, or earlier; milliseconds since 1970. */
  readonly changedAt: number;
}

/** A batch that was taken from the queue. `Place`: where it ends in the queue. */
export interface Taken<Place> {
  readonly batch: Batch;
  readonly portions: Portions;
  readonly changedAt: number;
  readonly end: Place;
}

/**
 * What was taken from the queue and is not checked yet, a portion after the other in the order of
 * the queue; but what goes first in a batch goes before all that is left of the batches before.
 * Never twice in a row: a trickle of changes would keep a large batch waiting for ever.
 */
export class Backlog<Place> {
  readonly #entries: Entry<Place>[] = [];
  #end: Place | undefined;
  #hasOvertaken = false;

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Number of paths in the batches of which something is left. */
  get size(): number {
    return this.#entries.reduce((sum, { size }) => sum + size, 0);
  }

  /**
   * Where the batch ends that was taken last: what comes next in the queue lies behind. Undefined
   * at the beginning.
   */
  get end(): Place | undefined {
    return this.#end;
  }

  take({ batch, portions, changedAt, end }: Taken<Place>): void {
    const { first, rest } = portions;
    this.#end = end;
    const { isSmall } = portions;
    this.#entries.push({
      size: batchSize(batch),
      changedAt,
      end,
      first,
      rest,
      isSmall,
      next: take(rest),
    });
  }

  /**
   * Takes back what is left of the small batches that came last, to be taken again with what comes
   * next: where changes come faster than one portion after the other is checked, all that waits is
   * checked at once. Undefined if there is none.
   */
  recall(): Recalled | undefined {
    const from = this.#entries.findLastIndex(({ isSmall }) => !isSmall) + 1;
    const recalled = this.#entries.splice(from);
    if (recalled.length === 0) return undefined;
    const batches = recalled.flatMap(({ first, next, rest }) =>
      [first, next].concat([...all(rest)]).filter((batch) => batch !== undefined),
    );
    const changedAt = recalled.reduce(
      (oldest, each) => Math.min(oldest, each.changedAt),
      Number.POSITIVE_INFINITY,
    );
    return { batches, changedAt };
  }

  /** What is to be checked now. The same until it is {@link done}. */
  get next(): Portion | undefined {
    const chosen = this.#chosen;
    return chosen && { batch: chosen.batch, changedAt: chosen.entry.changedAt };
  }

  /**
   * {@link next} has been checked.
   *
   * @returns how far everything in the queue is done, if that is farther than before
   */
  done(): Place | undefined {
    const chosen = this.#chosen;
    this.#hasOvertaken = chosen?.isFirst ?? false;
    if (chosen?.isFirst) chosen.entry.first = undefined;
    else if (chosen) chosen.entry.next = take(chosen.entry.rest);
    let end: Place | undefined;
    while (this.#entries[0] && !this.#entries[0].first && !this.#entries[0].next)
      end = this.#entries.shift()?.end;
    return end;
  }

  /** Forgets everything: it is seen to in another way, or by the next run. */
  clear(): void {
    for (const { rest } of this.#entries) rest.return?.();
    this.#entries.length = 0;
  }

  get #chosen(): Chosen<Place> | undefined {
    const urgent = this.#entries.find(({ first }) => first);
    const waiting = this.#entries.find(({ next }) => next);
    if (urgent?.first && !(waiting && this.#hasOvertaken))
      return { entry: urgent, batch: urgent.first, isFirst: true };
    return waiting?.next && { entry: waiting, batch: waiting.next, isFirst: false };
  }
}

interface Chosen<Place> {
  readonly entry: Entry<Place>;
  readonly batch: Batch;
  readonly isFirst: boolean;
}

interface Entry<Place> {
  readonly size: number;
  readonly changedAt: number;
  readonly end: Place;
  readonly isSmall: boolean;
  first: Batch | undefined;
  readonly rest: Iterator<Batch, void>;
  /** What follows, drawn from `rest`. */
  next: Batch | undefined;
}

function take(rest: Iterator<Batch, void>): Batch | undefined {
  const { done, value } = rest.next();
  return done ? undefined : (value as Batch);
}

function* all(rest: Iterator<Batch, void>): Generator<Batch, void> {
  for (let next = take(rest); next; next = take(rest)) yield next;
}
