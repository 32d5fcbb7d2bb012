import { type Batch, batchSize } from '../common/batch.js';
import type { Portions } from './portions.js';

/** A piece of the entries that were taken from the queue. */
export interface Portion {
  readonly batch: Batch;
  /** When the oldest change in it was noticed, or earlier; milliseconds since 1970. */
  readonly changedAt: number;
}

/** The rest of small batches that were taken back. */
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
 * The entries that were taken from the queue and are not checked yet, in portions, in the order of
 * the queue. But the first portion of a batch goes before the rest of earlier batches, though never
 * twice in a row: a trickle of changes would make a large batch wait for ever.
 */
export class Backlog<Place> {
  readonly #entries: Entry<Place>[] = [];
  #end: Place | undefined;
  #hasOvertaken = false;

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** Number of paths in the batches that are not finished. */
  get size(): number {
    return this.#entries.reduce((sum, { size }) => sum + size, 0);
  }

  /** Where the last taken batch ends in the queue; undefined at the beginning. */
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
   * Takes back the rest of the last small batches, to be taken again with the next entries. So if
   * changes come faster than portions are checked, all waiting ones are checked at once. Undefined
   * if there is none.
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

  /** The portion to check now. It stays the same until {@link done}. */
  get next(): Portion | undefined {
    const chosen = this.#chosen;
    return chosen && { batch: chosen.batch, changedAt: chosen.entry.changedAt };
  }

  /**
   * {@link next} has been checked.
   *
   * @returns the place up to which the whole queue is done, if that has moved
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

  /** Forgets everything, because a full check or the next run covers it. */
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
  /** The next batch, drawn from `rest`. */
  next: Batch | undefined;
}

function take(rest: Iterator<Batch, void>): Batch | undefined {
  const { done, value } = rest.next();
  return done ? undefined : (value as Batch);
}

function* all(rest: Iterator<Batch, void>): Generator<Batch, void> {
  for (let next = take(rest); next; next = take(rest)) yield next;
}
