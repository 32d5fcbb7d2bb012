import type { Ledger } from '../../../csync2/database/ledger.js';
import type { PendingRow } from '../../../csync2/database/pending-table.js';
import { completeSlice } from '../../../csync2/database/private-database.js';
import type { PathBytes } from '../../../text/path-bytes.js';
import type { RejectedRows } from '../refused/rejected-rows.js';
import type { PendingFiles } from './pending-files.js';
import { priorityRows } from './priority-rows.js';
import { WaitingLinks } from './waiting-links.js';

/** The parts of {@link SliceChoice}, which chooses the pending files of the next push. */
export interface SliceChoiceParts {
  readonly peer: string;
  readonly ledger: Ledger;
  readonly files: Pick<PendingFiles, 'path' | 'look' | 'sight' | 'stamp'>;
  readonly rejected: RejectedRows;
  /** Whether a path lies at or below a missing place. csync2 would push such a path as deleted. */
  readonly isHeld: (path: PathBytes) => boolean;
}

/** The rows that are sent next, and the rows that are left out. */
export interface ChosenSlice {
  readonly rows: readonly PendingRow[];
  readonly resting: readonly PendingRow[];
  /** How many files can't be looked at, as far as the choice has met them. */
  readonly unreadable: number;
  /** How many links wait for their targets. */
  readonly waiting: number;
}

/**
 * Chooses which of a peer's pending files are sent next: the freshest first, and those that
 * overtake if the files need more than one push.
 */
export class SliceChoice {
  readonly #parts: SliceChoiceParts;
  /** The highest rowid that was pending when the last push was prepared. */
  #seenUpTo = 0;
  /**
   * The last push was one of overtaking files. The next is not, or a trickle of changes would hold
   * up all others.
   */
  #hasOvertaken = false;
  /** How many resting files have been looked at for this slice. */
  #looks = 0;
  /** By their rowids, as a row may be met several times. */
  readonly #unreadable = new Set<number>();
  readonly #waiting = new Set<number>();
  readonly #links: WaitingLinks;

  constructor(parts: SliceChoiceParts) {
    this.#parts = parts;
    this.#links = new WaitingLinks(parts);
  }

  /** @param limit - about how many files one push sends */
  next(limit: number): ChosenSlice {
    this.#looks = 0;
    this.#unreadable.clear();
    this.#waiting.clear();
    const first = this.#complete(this.#priorityRows(limit), limit);
    if (first) return { rows: first, resting: [], ...this.#leftOut };
    const { ledger, peer } = this.#parts;
    let rows: readonly PendingRow[] = [];
    let resting: PendingRow[] = [];
    for (const order of ['newest', 'deepest'] as const) {
      resting = [];
      rows = ledger.pending.rows(
        peer,
        limit,
        order,
        (row) => !this.#isHeld(row) && !this.#rests(row, resting),
      );
      const slice = this.#complete(rows, limit);
      if (slice) return { rows: slice, resting, ...this.#leftOut };
    }
    // The rows that are left wait for resting files, or for nothing that exists. In the second case
    // csync2 must try them.
    return { rows: resting.length === 0 ? rows : [], resting, ...this.#leftOut };
  }

  /** The rows that go before the others, if there are more than fit into one push. */
  #priorityRows(limit: number): readonly PendingRow[] {
    const { ledger, peer } = this.#parts;
    // When files are asked about one by one, none is urgent.
    const pending = limit > 1 ? ledger.pending.newest(peer, looked, longestName) : [];
    const isMore =
      pending.length > limit ||
      (pending.length > 0 && ledger.pending.hasLongName(peer, longestName));
    const first = isMore && !this.#hasOvertaken ? priorityRows(pending, this.#seenUpTo) : [];
    this.#seenUpTo = pending[0]?.rowid ?? 0;
    const rows = first.filter((row) => !this.#isHeld(row) && !this.#rests(row, []));
    this.#hasOvertaken = rows.length > 0;
    return rows;
  }

  #complete(rows: readonly PendingRow[], limit: number): readonly PendingRow[] | undefined {
    const { files, ledger, peer, rejected } = this.#parts;
    const chosen = new Set(rows.map(({ rowid }) => rowid));
    // The directories above the rows come along, but a directory that was refused is asked about
    // alone.
    const comesAlong = (row: PendingRow) =>
      chosen.has(row.rowid) || !(this.#isHeld(row) || rejected.isSuspect(row));
    const slice = completeSlice(ledger, peer, rows, limit, (name) => files.look(name), comesAlong);
    return slice.length > 0 ? slice : undefined;
  }

  /** Whether a row rests. Adds it to `resting` if it does. */
  #rests(row: PendingRow, resting: PendingRow[]): boolean {
    const { files, rejected } = this.#parts;
    const rests = rejected.stillRests(
      row,
      () => files.stamp(row),
      Date.now(),
      this.#looks < looksAtOnce,
    );
    if (rests) this.#looks++;
    if (rests) resting.push(row);
    return rests;
  }

  get #leftOut(): Pick<ChosenSlice, 'unreadable' | 'waiting'> {
    return { unreadable: this.#unreadable.size, waiting: this.#waiting.size };
  }

  /**
   * Whether csync2 would push a row as deleted that is only out of sight, or would push a link
   * before its target.
   */
  #isHeld(row: PendingRow): boolean {
    const { files, isHeld } = this.#parts;
    const path = files.path(row.encoded);
    if (path !== undefined && isHeld(path)) return true;
    const isUnreadable = files.sight(row.encoded) === 'unreadable';
    if (isUnreadable) this.#unreadable.add(row.rowid);
    const waits = !isUnreadable && this.#links.waits(row);
    if (waits) this.#waiting.add(row.rowid);
    return isUnreadable || waits;
  }
}

/** The number of pending files that are searched for overtaking ones. */
const looked = 10_000;
/**
 * Bytes. Files with longer names do not overtake, so that a mass of long names can't crowd out the
 * search.
 */
const longestName = 1000;
/** How many resting files are looked at for changes. */
const looksAtOnce = 2000;
