import type { PendingRow } from '../../../csync2/database/pending-table.js';
import type { Diagnosis } from '../../../csync2/refusals/diagnosis.js';
import { isWithin } from '../../../text/path-bytes.js';
import { MissingDirectories } from './missing-directories.js';
import { RefusedAlike } from './refused-alike.js';
import {
  directoryOf,
  type HeldConflict,
  type HeldPath,
  isRefusedAlike,
  keyOf,
  newRejected,
  type Rejected,
} from './rejected.js';

/**
 * The pending rows that a peer has rejected, with a state machine for each. None delays a new
 * change: a rejected row is pushed only when it is due, alone, and when nothing else is to be sent.
 *
 * - If a push of several rows leaves some of them, all of these are suspect: csync2's server may
 *   have refused some because of another one.
 * - `csync2/refusals/refusals.ts` says what the peer's answer for a single row means.
 * - Rows that are refused alike in one directory wait together; see {@link RefusedAlike}. When the
 *   peer takes one of them, all that were refused for the same reason are free.
 * - If some rows of a directory are in conflict, the rows that were refused along with them wait in
 *   the same way.
 * - Rows below a directory that was refused and is missing on the peer wait for that directory and
 *   for nothing else; see {@link MissingDirectories}.
 * - A row is due as soon as its file changes, and is still asked about alone. The file's stamp
 *   tells a change, not the row: csync2 marks the file again each time a peer tries to push the
 *   same file here.
 */
export class RejectedRows {
  readonly #rows = new Map<string, Rejected>();
  readonly #missing = new MissingDirectories(this.#rows);
  readonly #alike = new RefusedAlike();
  /** How often the peer has given no answer since it took a row. */
  #unanswered = 0;
  /** The time of the last or next try of the conflicts after a look of the peer. */
  #conflictsTriedAt = 0;

  /**
   * Whether a row rests now. Looks whether its file has changed since it was refused, which ends
   * its rest.
   *
   * @param stamp - what the file is like; only called if the row was refused before
   * @param isAmongNewest - if false, the file is only looked at if its rowid has changed since the
   * last look
   */
  stillRests(
    row: PendingRow,
    stamp: () => string,
    now = Date.now(),
    isAmongNewest = true,
  ): boolean {
    const rejected = this.#find(row);
    if (!rejected) return false;
    // A changed file is marked again, and is then among the newest. A look at each of 100,000 files
    // before each push would take longer than the push.
    const isOld = !isAmongNewest && row.rowid === rejected.rowid;
    rejected.rowid = row.rowid;
    if (!isOld) {
      const seen = stamp();
      if (seen !== rejected.stamp) {
        Object.assign(rejected, {
          stamp: seen,
          state: 'suspect',
          failures: 0,
          until: rejected.lastAt + pause,
        });
        rejected.group = undefined;
      }
    }
    return now < this.#dueAt(rejected);
  }

  /** Whether a row must be asked about alone. */
  isSuspect(row: PendingRow): boolean {
    const rejected = this.#find(row);
    return rejected !== undefined && !rejected.forced;
  }

  /** Whether a row rests, without a look at its file. */
  isResting(row: PendingRow, now = Date.now()): boolean {
    const rejected = this.#find(row);
    return rejected !== undefined && now < this.#dueAt(rejected);
  }

  /** The row among `rows` that was refused the longest time ago. */
  longestWaiting(rows: readonly PendingRow[]): PendingRow | undefined {
    let [longest, since] = [undefined as PendingRow | undefined, Number.POSITIVE_INFINITY];
    for (const row of rows) {
      const { lastAt } = this.#find(row) ?? { lastAt: since };
      if (lastAt < since) [longest, since] = [row, lastAt];
    }
    return longest;
  }

  /** Whether the peer called a row changed on both sides at its last push. */
  wasConflict(row: Pick<PendingRow, 'encoded'>): boolean {
    return this.#find(row)?.reason === 'conflict';
  }

  /**
   * Whether the peer called anything at or below a name, or a directory above it, changed on both
   * sides.
   */
  hasConflictAround(encoded: Buffer): boolean {
    for (const { name, reason } of this.#rows.values()) {
      if (reason === 'conflict' && (isWithin(name, encoded) || isWithin(encoded, name)))
        return true;
    }
    return false;
  }

  /** Whether a row has failed, and has not been sent since. */
  hasFailed(row: PendingRow): boolean {
    return this.#find(row) !== undefined;
  }

  /** Whether a row was left by a larger push only, without a reason. */
  isUndiagnosed(row: PendingRow): boolean {
    const rejected = this.#find(row);
    return rejected?.state === 'suspect' && rejected.failures === 0;
  }

  /** Whether a row must be pushed with force. */
  isForced(row: PendingRow): boolean {
    return this.#find(row)?.forced ?? false;
  }

  /** The rows that wait for their time or for somebody: how many, and the first of them. */
  list(limit: number): {
    readonly count: number;
    /** How many of them both sides have changed. */
    readonly conflicts: number;
    readonly first: readonly HeldPath[];
  } {
    const held = this.#held();
    const first = held.slice(0, limit);
    return {
      count: held.length,
      conflicts: held.filter(({ reason }) => reason === 'conflict').length,
      first: first.map((rejected) => ({ ...rejected, until: this.#dueAt(rejected) })),
    };
  }

  /** The rows that both sides have changed, and that are not about to be sent with force. */
  conflicts(): readonly HeldConflict[] {
    const conflicts = this.#held().filter(({ reason }) => reason === 'conflict');
    return conflicts.map(({ conflictSince, lastAt, name }) => ({
      name,
      since: conflictSince ?? lastAt,
    }));
  }

  #held(): readonly Rejected[] {
    const rows = [...this.#rows.values()];
    const inConflict = new Set(
      rows.filter(({ state }) => state === 'conflict').map(({ name }) => directoryOf(name)),
    );
    return rows.filter(({ forced, name, reason, state }) => {
      if ((state !== 'later' && state !== 'conflict') || forced) return false;
      // Other rows beside it are still asked about, and may not be in conflict.
      return reason !== 'conflict' || inConflict.has(directoryOf(name));
    });
  }

  /**
   * Whether a row was refused before for this reason, has not changed since, and waits for its time
   * or for a decision.
   */
  isOnHold(row: PendingRow, { outcome, detail }: Pick<Diagnosis, 'outcome' | 'detail'>): boolean {
    const rejected = this.#find(row);
    if (!rejected || rejected.failures === 0) return false;
    const isHeld = rejected.state === 'later' || rejected.state === 'conflict';
    return isHeld && rejected.reason === outcome && rejected.detail === detail;
  }

  /** Whether a row that is refused now, for this reason, is tried again at once. */
  isTriedAgain(row: PendingRow, { meaning }: Pick<Diagnosis, 'meaning'>): boolean {
    const { failures = 0 } = this.#find(row) ?? {};
    // A peer that never answers would do so for each of a thousand rows.
    if (meaning === 'unanswered' && this.#unanswered >= mostUnanswered) return false;
    return failures < (mostAgain[meaning] ?? 0);
  }

  /**
   * A row was refused.
   *
   * @param diagnosis - csync2's reason; undefined if the row was pushed along with others
   */
  refused(row: PendingRow, stamp: string, diagnosis: Diagnosis | undefined, now: number): void {
    const before = this.#find(row);
    const rejected: Rejected = before ?? newRejected(row, stamp);
    this.#rows.set(keyOf(row), rejected);
    rejected.group = undefined;
    Object.assign(rejected, { rowid: row.rowid, stamp, forced: false, lastAt: now });
    const above = this.#missing.blocking(rejected, diagnosis?.meaning);
    if (above) {
      this.#missing.wait(rejected, above);
      return;
    }
    if (!diagnosis) {
      Object.assign(rejected, { state: 'suspect', until: now });
      return;
    }
    const { outcome, detail, meaning } = diagnosis;
    const isTriedAgain = this.isTriedAgain(row, diagnosis);
    const isOneOfMany = meaning === 'conflict' && this.#isOneOfMany(rejected);
    if (meaning === 'unanswered') this.#unanswered++;
    if (meaning === 'conflict') rejected.conflictSince ??= now;
    Object.assign(rejected, { reason: outcome, detail, failures: rejected.failures + 1 });
    if (isTriedAgain && !isOneOfMany) {
      Object.assign(rejected, { state: 'again', until: now + pause * 2 ** rejected.failures });
    } else if (meaning === 'conflict' && !isOneOfMany) {
      Object.assign(rejected, { state: 'conflict', until: now + conflictSeconds * 1000 });
    } else this.#waitAlike(rejected, now);
  }

  /**
   * Takes in the rows that a push left when it ended at one of them. Rows below a directory for
   * which others wait, wait for it, too: csync2 ends at a missing directory, and each of the rows
   * would take a push to find that out.
   */
  left(rows: readonly PendingRow[], stampOf: (row: PendingRow) => string): void {
    if (this.#missing.size === 0) return;
    for (const row of rows) {
      if (this.#rows.has(keyOf(row))) continue;
      const above = this.#missing.refusedAbove({ name: row.encoded });
      if (!above || !this.#missing.has(above)) continue;
      const rejected = newRejected(row, stampOf(row));
      this.#rows.set(keyOf(row), rejected);
      this.#missing.wait(rejected, above);
    }
  }

  /** Pushes the row with force, now. */
  force(row: PendingRow): void {
    const rejected = this.#find(row);
    // It no longer waits along with others.
    if (rejected) Object.assign(rejected, { until: 0, forced: true, group: undefined });
  }

  /** These rows were taken. Rows that were refused for the same reason as one of them are free. */
  taken(rows: readonly PendingRow[]): void {
    if (rows.length > 0) this.#unanswered = 0;
    for (const row of rows) {
      const rejected = this.#find(row);
      if (!rejected) continue;
      this.#drop(rejected);
      if (rejected.state !== 'later' && rejected.reason !== 'conflict') continue;
      for (const other of [...this.#rows.values()]) {
        if (other.state === 'later' && isRefusedAlike(other, rejected)) this.#drop(other);
      }
    }
  }

  /**
   * Something was taken below directories. Such directories that wait for their time are tried
   * soon: perhaps they were refused because something was in them.
   */
  takenBelow(rows: readonly PendingRow[], now = Date.now()): void {
    if (this.#rows.size === 0) return;
    for (const { encoded } of rows) {
      const key = encoded.toString('latin1');
      for (let end = key.lastIndexOf('/'); end > 0; end = key.lastIndexOf('/', end - 1)) {
        const above = this.#rows.get(key.slice(0, end));
        if (above?.state !== 'later') continue;
        above.group = undefined;
        Object.assign(above, { state: 'again', until: now + pause });
      }
    }
  }

  /** A row is no longer pending, so its refusal does not matter any more. */
  forget(encoded: Buffer): void {
    const rejected = this.#find({ encoded });
    if (rejected) this.#drop(rejected);
  }

  /** As {@link forget}, for all names that fit. @returns whether there were any */
  forgetWhere(fits: (encoded: Buffer) => boolean): boolean {
    const fitting = [...this.#rows.values()].filter(({ name }) => fits(name));
    for (const rejected of fitting) this.#drop(rejected);
    return fitting.length > 0;
  }

  /**
   * When the next of the resting rows is due, in milliseconds since 1970. Forgets the other rows
   * that are no longer pending.
   *
   * @param isPending - whether a row is still pending, and waits for another reason than its
   * refusal
   */
  nextRelease(
    resting: readonly PendingRow[],
    isPending: (encoded: Buffer) => boolean = () => false,
  ): number | undefined {
    const keys = new Set(resting.map(keyOf));
    const known = [...keys].filter((key) => this.#rows.has(key));
    let first: number | undefined;
    for (const [key, rejected] of this.#rows) {
      if (keys.has(key)) first = Math.min(first ?? Number.POSITIVE_INFINITY, this.#dueAt(rejected));
      else if (!isPending(rejected.name)) this.#drop(rejected);
    }
    // Rows that waited for a forgotten row wait for nothing now. They are not due at once, because
    // others must find the lane at rest.
    if (known.some((key) => !this.#rows.has(key))) return Date.now() + freedMilliseconds;
    return first;
  }

  /** Makes all rows due now, at a user's request. Their failures still count. */
  tryNow(): void {
    for (const rejected of this.#rows.values()) rejected.until = 0;
    this.#alike.tryNow();
  }

  /**
   * Makes conflicts due soon, because the peer may have given up its version. They are not tried
   * all the time, because each one takes a session.
   *
   * @returns whether there are any
   */
  retryConflicts(now = Date.now()): boolean {
    const conflicts = [...this.#rows.values()].filter(({ state }) => state === 'conflict');
    if (conflicts.length === 0) return false;
    if (this.#conflictsTriedAt <= now) {
      const pause = Math.max(conflictPause, conflicts.length * conflictPauseEach);
      this.#conflictsTriedAt = Math.max(now, this.#conflictsTriedAt + pause);
    }
    for (const conflict of conflicts)
      conflict.until = Math.min(conflict.until, this.#conflictsTriedAt);
    return true;
  }

  /** Forgets all rows, because the reason for their refusal is over. */
  release(): void {
    this.#rows.clear();
    this.#missing.clear();
    this.#alike.tryNow();
  }

  /**
   * Whether the peer has called enough other rows of this row's directory changed on both sides.
   */
  #isOneOfMany({ name, failures, state }: Rejected): boolean {
    if (failures > 0 && state !== 'later') return false;
    const directory = directoryOf(name);
    let others = 0;
    for (const other of this.#rows.values()) {
      const isAsked = other.reason === 'conflict' && other.failures > 0;
      if (isAsked && directoryOf(other.name) === directory && !other.name.equals(name)) others++;
    }
    return others >= manyConflicts;
  }

  #waitAlike(rejected: Rejected, now: number): void {
    this.#alike.wait(rejected, this.#rows.values(), now);
    // The next try takes another row of the group.
    const key = keyOf({ encoded: rejected.name });
    this.#rows.delete(key);
    this.#rows.set(key, rejected);
  }

  #dueAt(rejected: Rejected): number {
    // The row is forgotten along with the directory that it waits for.
    if (rejected.state === 'behind') return Number.POSITIVE_INFINITY;
    return rejected.state === 'later' ? this.#alike.dueAt(rejected) : rejected.until;
  }

  #drop(rejected: Rejected): void {
    this.#rows.delete(keyOf({ encoded: rejected.name }));
    // Other rows may wait for these in turn.
    for (const other of this.#missing.drop(rejected)) this.#drop(other);
    if (this.#rows.size === 0) this.#alike.forget();
  }

  #find(row: Pick<PendingRow, 'encoded'>): Rejected | undefined {
    return this.#rows.get(keyOf(row));
  }
}

/**
 * Milliseconds until a row is tried again after its file has changed or another row has gone first.
 */
const pause = 200;
/**
 * How often a row is tried again soon, by the peer's answer. A conflict may be false: perhaps the
 * peer has not yet brought an earlier version to a third host, whose database may be locked for
 * seconds.
 */
const mostAgain: Partial<Record<Diagnosis['meaning'], number>> = {
  'parent-first': 5,
  'half-taken': 5,
  unanswered: 5,
  compare: 5,
  conflict: 6,
};
const mostUnanswered = 5;
const freedMilliseconds = 1000;
const conflictSeconds = 600;
/**
 * A peer that has removed a directory of thousands of files calls each one changed. After this many
 * such answers, one row is asked about now and then.
 */
const manyConflicts = 4;
/**
 * Milliseconds between two tries of all conflicts after the peer has looked; and the same for each
 * conflict.
 */
const conflictPause = 5000;
const conflictPauseEach = 500;
