import type { DirtyRow } from '../../../csync2/database/ledger.js';
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
  /** How often nothing was answered since a row was taken. */
  #unanswered = 0;
  /** When conflicts are, or were, tried again because the peer has looked. */
  #conflictsTriedAt = 0;

  /**
   * Whether a row rests now.
   *
   * @param stamp - what the file is like; only asked for when the row was refused before
   * @param isAmongNewest - if not, the file is only looked at if it has another rowid than at the
   *   last look
   */
  has(row: DirtyRow, stamp: () => string, now = Date.now(), isAmongNewest = true): boolean {
    const rejected = this.#find(row);
    if (!rejected) return false;
    // A file that has changed is marked again, and then among the newest. To look at each of
    // 100,000 files before each push would take longer than the push.
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

  /** Whether a row is to be asked about alone. */
  isSuspect(row: DirtyRow): boolean {
    const rejected = this.#find(row);
    return rejected !== undefined && !rejected.forced;
  }

  /** Whether a row that was refused waits, whatever has become of its file. */
  isResting(row: DirtyRow, now = Date.now()): boolean {
    const rejected = this.#find(row);
    return rejected !== undefined && now < this.#dueAt(rejected);
  }

  /** Of rows that are to be asked about, the one that has waited longest. */
  longestWaiting(rows: readonly DirtyRow[]): DirtyRow | undefined {
    let [longest, since] = [undefined as DirtyRow | undefined, Number.POSITIVE_INFINITY];
    for (const row of rows) {
      const { lastAt } = this.#find(row) ?? { lastAt: since };
      if (lastAt < since) [longest, since] = [row, lastAt];
    }
    return longest;
  }

  /** Whether the peer called a row changed on both sides when it was asked last. */
  wasConflict(row: Pick<DirtyRow, 'encoded'>): boolean {
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

  /** Whether a row has failed, and not been sent since. */
  hasFailed(row: DirtyRow): boolean {
    return this.#find(row) !== undefined;
  }

  /** Whether a row is to be pushed with force. */
  isForced(row: DirtyRow): boolean {
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
      // Others beside it are asked about, and may be none yet.
      return reason !== 'conflict' || inConflict.has(directoryOf(name));
    });
  }

  /**
   * Whether a row was refused before for this reason, has not changed since, and waits for its time
   * or for somebody.
   */
  isOnHold(row: DirtyRow, { outcome, detail }: Pick<Diagnosis, 'outcome' | 'detail'>): boolean {
    const rejected = this.#find(row);
    if (!rejected || rejected.failures === 0) return false;
    const isHeld = rejected.state === 'later' || rejected.state === 'conflict';
    return isHeld && rejected.reason === outcome && rejected.detail === detail;
  }

  /** Whether a row that is refused now, for this reason, is tried again at once. */
  isTriedAgain(row: DirtyRow, { meaning }: Pick<Diagnosis, 'meaning'>): boolean {
    const { failures = 0 } = this.#find(row) ?? {};
    // A peer that never answers does so for each of a thousand.
    if (meaning === 'unanswered' && this.#unanswered >= mostUnanswered) return false;
    return failures < (mostAgain[meaning] ?? 0);
  }

  /**
   * A row was refused.
   *
   * @param diagnosis - what csync2 told of it; undefined: it was pushed along with others
   */
  refused(row: DirtyRow, stamp: string, diagnosis: Diagnosis | undefined, now: number): void {
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
   * These rows were left by a push that ended at one of them. Those that lie below a directory for
   * which others wait, wait for it, too: csync2 ends where a directory is missing, and each of them
   * would take a push to find that out.
   */
  left(rows: readonly DirtyRow[], stampOf: (row: DirtyRow) => string): void {
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

  /** The row is to be pushed with force, now. */
  force(row: DirtyRow): void {
    const rejected = this.#find(row);
    // It no longer waits along with others.
    if (rejected) Object.assign(rejected, { until: 0, forced: true, group: undefined });
  }

  /** These rows were taken. Whatever was refused for the same reason as one of them is free. */
  taken(rows: readonly DirtyRow[]): void {
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
   * Something was taken below directories: those that wait for their time, since there was
   * something in them, are tried soon.
   */
  takenBelow(rows: readonly DirtyRow[], now = Date.now()): void {
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

  /** A row is no longer pending, whatever it was refused for. */
  forget(encoded: Buffer): void {
    const rejected = this.#find({ encoded });
    if (rejected) this.#drop(rejected);
  }

  /** As {@link forget}, those whose names fit. @returns whether there were any */
  forgetWhere(fits: (encoded: Buffer) => boolean): boolean {
    const fitting = [...this.#rows.values()].filter(({ name }) => fits(name));
    for (const rejected of fitting) this.#drop(rejected);
    return fitting.length > 0;
  }

  /**
   * When the next of these rows is due, milliseconds since 1970. Of all others, those that are no
   * longer pending are forgotten.
   *
   * @param isPending - for those that wait for another reason than having been rejected
   */
  nextRelease(
    resting: readonly DirtyRow[],
    isPending: (encoded: Buffer) => boolean = () => false,
  ): number | undefined {
    const keys = new Set(resting.map(keyOf));
    const known = [...keys].filter((key) => this.#rows.has(key));
    let first: number | undefined;
    for (const [key, rejected] of this.#rows) {
      if (keys.has(key)) first = Math.min(first ?? Number.POSITIVE_INFINITY, this.#dueAt(rejected));
      else if (!isPending(rejected.name)) this.#drop(rejected);
    }
    // What waited for one of the forgotten waits for nothing now. Not at once: others are to find
    // the lane at rest.
    if (known.some((key) => !this.#rows.has(key))) return Date.now() + freedMilliseconds;
    return first;
  }

  /** Has all tried now, since somebody asks for it; how often they have failed still counts. */
  tryNow(): void {
    for (const rejected of this.#rows.values()) rejected.until = 0;
    this.#alike.tryNow();
  }

  /**
   * Has conflicts tried again soon: the peer may have given up its version. Not all the time, since
   * each is a session of its own.
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

  /** Forgets all: what they were refused for is over. */
  release(): void {
    this.#rows.clear();
    this.#missing.clear();
    this.#alike.tryNow();
  }

  /** Whether the peer has called enough others of its directory changed on both sides before it. */
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
    // The next try is that of another one.
    const key = keyOf({ encoded: rejected.name });
    this.#rows.delete(key);
    this.#rows.set(key, rejected);
  }

  #dueAt(rejected: Rejected): number {
    // It is forgotten along with what it waits for.
    if (rejected.state === 'behind') return Number.POSITIVE_INFINITY;
    return rejected.state === 'later' ? this.#alike.dueAt(rejected) : rejected.until;
  }

  #drop(rejected: Rejected): void {
    this.#rows.delete(keyOf({ encoded: rejected.name }));
    // Others may wait for these in turn.
    for (const other of this.#missing.drop(rejected)) this.#drop(other);
    if (this.#rows.size === 0) this.#alike.forget();
  }

  #find(row: Pick<DirtyRow, 'encoded'>): Rejected | undefined {
    return this.#rows.get(keyOf(row));
  }
}

/**
 * Milliseconds until a row is tried again after something else has gone first, or it has changed.
 */
const pause = 200;
/**
 * How often a row is tried again at once, for what has gone first. A conflict may be none: the peer
 * may not have brought an earlier version to a third host yet, whose database may be locked for
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
 * A peer that has removed a directory of thousands says so of each: when it has said so of some,
 * one is asked about now and then.
 */
const manyConflicts = 4;
/**
 * Milliseconds between two tries of all conflicts because the peer has looked, and for each of
 * them.
 */
const conflictPause = 5000;
const conflictPauseEach = 500;
