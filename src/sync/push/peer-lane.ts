import { join } from 'node:path';
import type { DirtyRow, Ledger } from '../../csync2/database/ledger.js';
import {
  mergePush,
  PrivateDatabase,
  type PushedRow,
  type PushOutcome,
  withdrawDirty,
} from '../../csync2/database/private-database.js';
import { encodeName, type PathPrefix, saidName } from '../../csync2/files/name-encoding.js';
import type { Diagnosis } from '../../csync2/refusals/diagnosis.js';
import type { Outcome } from '../../csync2/run/result.js';
import type { Runner } from '../../csync2/run/runner.js';
import { isShortage } from '../../proc/shortage.js';
import { isWithin, type PathBytes } from '../../text/path-bytes.js';
import type { Mutex } from '../common/mutex.js';
import type { Timelines } from '../common/timelines.js';
import type { CheckJournal, Checkpoint } from '../database/check-journal.js';
import { type DatabaseWindow, whenNotBusy } from '../database/database-window.js';
import { CutOffFiles } from './cut-off-files.js';
import type { Lane, LaneStatus, PushReport } from './lane.js';
import { LaneRhythm } from './lane-rhythm.js';
import { leastRateOf } from './least-rate.js';
import { reportsOf } from './push-reports.js';
import type { PushWatchParts } from './push-watch.js';
import { aboutThePeer, type Pushed, Pusher, type Slice } from './pusher.js';
import { RefusalClassifier } from './refused/refusal-classifier.js';
import { type HeldConflict, RejectedRows } from './refused/rejected-rows.js';
import { DoubtfulDeletions } from './slice/doubtful-deletions.js';
import { PendingFiles } from './slice/pending-files.js';
import { SliceChoice } from './slice/slice-choice.js';
import { SliceSize } from './slice/slice-size.js';
import { ContestedVersions, type Origins } from './versions/contested-versions.js';
import { SentVersions } from './versions/sent-versions.js';
import { UncertainRows } from './versions/uncertain-rows.js';
import { UnnotedFiles } from './versions/unnoted-files.js';

/** The parts of {@link PeerLane}, which sends to one peer from private databases. */
export interface PeerLaneParts {
  readonly peer: string;
  /** What it calls this host. */
  readonly myName: string;
  /** It only receives: what it has changed is no later version. */
  readonly isSlave?: boolean;
  readonly runner: Runner;
  readonly ledger: Ledger;
  readonly journal: CheckJournal;
  readonly window: DatabaseWindow;
  readonly prefixes: readonly PathPrefix[];
  /** Directory for private databases, best on tmpfs. */
  readonly directory: string;
  /** File name csync2 expects in it. */
  readonly databaseName: string;
  /** Seconds without progress after which a push is ended. */
  readonly stallSeconds: number;
  /** Set when peers are updated one after another. */
  readonly turn?: Mutex;
  /** Whether a path lies at or below a place that is not there: csync2 would push it as deleted. */
  readonly isHeld: (path: PathBytes) => boolean;
  /** Looks which places are there, before and after each push. */
  readonly lookAtRoots: () => void;
  /** Undefined: nothing is kept from being unmounted. */
  readonly pin?: PushWatchParts['pin'];
  /**
   * Has a file checked that is there and of which csync2 has no note: it has taken it for deleted.
   */
  readonly recheck?: (path: PathBytes) => void;
  /**
   * Has both sides compared: the peer has something in the way of this name that is not known here.
   */
  readonly compare?: (encoded: Buffer) => void;
  /** Undefined: nothing is known of other hosts' versions. */
  readonly origins?: Origins;
  /** This host and the peer have both changed a file. */
  readonly onContested?: (encoded: Buffer) => void;
  /** The peer may have brought others an older version since they have taken ours. */
  readonly onLate?: (encoded: Buffer) => void;
  /** Since when the peer has been paused; undefined: it is not. */
  readonly pausedSince?: () => number | undefined;
  /** Undefined: nobody wants to know where the time goes. */
  readonly timelines?: Timelines | undefined;
  readonly onPush?: (report: PushReport) => void;
  readonly onError?: (where: string, error: unknown) => void;
}

/**
 * Stage 2 for one peer, on a private database: no lock of the real one is held over a network wait,
 * so the lanes disturb neither each other nor the checks, and two hosts that push at each other
 * can't block.
 */
export class PeerLane implements Lane {
  readonly peer: string;
  readonly #parts: PeerLaneParts;
  readonly #files: PendingFiles;
  readonly #rejected = new RejectedRows();
  readonly #versions: SentVersions;
  readonly #cutOff = new CutOffFiles();
  readonly #slice = new SliceSize();
  readonly #choice: SliceChoice;
  readonly #refusal = new RefusalClassifier();
  readonly #pusher: Pusher;
  readonly #unnoted: UnnotedFiles;
  readonly #uncertain = new UncertainRows();
  #pushing: Slice | undefined;
  #hasRecalled = false;
  /** The next row is asked about alone, whatever else there is. */
  #asksNext = false;
  /** In the clock of `performance`. */
  #turnSince = 0;
  /** When a row was asked about last, in the clock of `performance`. */
  #askedAt = 0;
  #unreadable = 0;
  #waiting = 0;
  readonly #contested: ContestedVersions;
  readonly #rhythm: LaneRhythm;
  #lastSentAt: number | undefined;
  #pending: number | undefined;
  #pendingSince: number | undefined;
  /** In the clock of `performance`. */
  #countAgainAt = 0;
  #sent = 0;

  constructor(parts: PeerLaneParts) {
    this.peer = parts.peer;
    this.#parts = parts;
    this.#files = new PendingFiles(parts.prefixes);
    this.#choice = new SliceChoice({
      ...{ ...parts, files: this.#files, rejected: this.#rejected },
      isHeld: (path) => parts.isHeld(path) || this.#uncertain.rests(path),
    });
    this.#unnoted = new UnnotedFiles(this.#files);
    this.#versions = new SentVersions(this.#files, (encoded) =>
      parts.origins?.receivedAt(saidName({ encoded })),
    );
    this.#contested = new ContestedVersions({
      ...{
        peer: parts.peer,
        ledger: parts.ledger,
        versions: this.#versions,
        origins: parts.origins,
      },
      isSlave: parts.isSlave ?? false,
      myName: encodeName(Buffer.from(parts.myName)),
      stampOf: (encoded) => this.#files.stamp({ encoded }),
      onNoLongerPending: (encoded) => this.#rejected.forget(encoded),
    });
    this.#pusher = new Pusher({
      ...{
        peer: parts.peer,
        runner: parts.runner,
        stallSeconds: parts.stallSeconds,
        pin: parts.pin,
      },
      leastRate: leastRateOf(parts.turn),
      ...{ directory: this.#directory, files: this.#files, versions: this.#versions },
      doubt: new DoubtfulDeletions({ files: this.#files, isHeld: parts.isHeld }),
      lookAtRoots: parts.lookAtRoots,
      isTheirs: ({ encoded }) => this.#contested.isTheirs(encoded),
      replacesDirectory: (encoded) => this.#replacesDirectory(encoded),
    });
    this.#rhythm = new LaneRhythm(
      () => this.#takeTurn(),
      () => this.#pausedSince !== undefined,
    );
  }

  wake(): void {
    // A peer that answers and refuses what it was asked about may take what has come since.
    if (this.#refusal.isPeer) this.#rhythm.probe();
    else this.#rhythm.wake();
  }

  retry(): void {
    this.#rejected.tryNow();
    this.#rhythm.retry();
    this.#rhythm.wake();
  }

  async pause(): Promise<void> {
    this.#rhythm.renew();
    await this.#rhythm.silence(() => this.#pushing?.halt.abort());
  }

  resume(): void {
    this.#rejected.tryNow();
    this.#rhythm.renew();
  }

  halt(path: PathBytes): void {
    if (this.#pushing?.paths.some((each) => isWithin(each, path))) this.#pushing.halt.abort();
  }

  rest(): Promise<void> {
    return this.#rhythm.rest();
  }

  stop(): Promise<void> {
    return this.#rhythm.stop();
  }

  status(): LaneStatus {
    const { first: onHold, count: onHoldCount } = this.#rejected.list(onHoldShown);
    return {
      peer: this.peer,
      ...this.#rhythm.status,
      pausedSince: this.#pausedSince,
      lastSentAt: this.#lastSentAt,
      pending: this.#pending,
      pendingSince: this.#pendingSince,
      sent: this.#sent,
      onHold,
      onHoldCount,
      unreadable: this.#unreadable,
    };
  }

  async #takeTurn(): Promise<void> {
    try {
      if (this.#pausedSince !== undefined) return await this.#notePending();
      const push = () => this.#pushAll();
      await (this.#parts.turn ? this.#parts.turn.run(push) : push());
    } catch (error) {
      if (isBusy(error)) return this.#rhythm.failed('locked');
      if (isShortage(error)) return this.#rhythm.failed('shortage');
      this.#parts.onError?.(`sending to ${this.peer}`, error);
      this.#rhythm.failed('failed');
    }
  }

  async #pushAll(): Promise<void> {
    this.#turnSince = performance.now();
    if (!this.#hasRecalled) this.#recall();
    let slice = await this.#parts.window.run(async () => this.#nextSlice());
    while (slice) {
      const { halt, checkpoint } = slice;
      try {
        const pushed = await this.#pusher.run(slice, this.#rhythm.signal);
        this.#time(slice, pushed);
        slice = await this.#merge(pushed, checkpoint);
      } finally {
        // Not the next one, which has been taken already.
        if (this.#pushing?.halt === halt) this.#pushing = undefined;
        this.#parts.journal.release(checkpoint);
      }
    }
  }

  /** Before the first push: a daemon that was killed behind its last one has left it. */
  #recall(): void {
    this.#hasRecalled = true;
    const interrupted = PrivateDatabase.recall(this.#databaseFile);
    if (interrupted)
      this.#versions.recall(interrupted, encodeName(Buffer.from(this.#parts.myName)));
  }

  /**
   * Copies the pending files that are sent next into a private database. Call it in a database
   * window.
   */
  #nextSlice(): Slice | undefined {
    const { ledger, journal, peer, timelines } = this.#parts;
    const begunAt = timelines?.now();
    if (this.#rhythm.isHeldBack) return undefined;
    this.#contested.apply();
    const rows = ledger.reading(() => this.#nextRows());
    if (rows.length === 0) {
      this.#noteIdle();
      return undefined;
    }
    this.#count();
    this.#pendingSince ??= Date.now();
    this.#rhythm.updating();
    const suspect = this.#askedAlone(rows);
    const chosen = this.#chosen(rows, suspect);
    const copy = PrivateDatabase.build(ledger, this.#databaseFile, peer, chosen);
    this.#versions.begin(copy.rows);
    for (const path of this.#unnoted.take(copy.unnoted)) this.#parts.recheck?.(path);
    const paths = chosen.flatMap((row) => this.#files.path(row.encoded) ?? []);
    // Still the moment of the snapshot: what is checked from here on stays pending, whatever this
    // push sends.
    const isTold = suspect !== undefined || this.#pusher.isSmall(chosen);
    this.#pushing = {
      copy,
      checkpoint: journal.checkpoint(),
      isTold,
      paths,
      halt: new AbortController(),
      timeline: begunAt === undefined ? undefined : timelines?.pushing(paths, begunAt),
    };
    return this.#pushing;
  }

  /** Tells when the peer has accepted the single change that was followed up to here. */
  #time({ timeline }: Slice, { outcome, transcript }: Pushed): void {
    if (!timeline) return;
    const isIts = (row: PushedRow) => this.#files.path(row.encoded)?.equals(timeline.path) ?? false;
    const row = outcome.sent.find(isIts);
    const acceptedAt = row && transcript.attempt(saidName(row))?.endedAt;
    if (acceptedAt !== undefined) this.#parts.timelines?.accepted(this.peer, timeline, acceptedAt);
  }

  #chosen(rows: readonly DirtyRow[], suspect: DirtyRow | undefined): readonly DirtyRow[] {
    const chosen = suspect ? [suspect] : rows.filter((row) => !this.#rejected.isSuspect(row));
    return chosen.map((row) =>
      this.#rejected.isForced(row) || this.#cutOff.isForced(row) || this.#contested.hasWon(row)
        ? { ...row, forced: 1 }
        : row,
    );
  }

  marked(encoded: Buffer, isOffered: boolean, at: number): void {
    if (this.#contested.marked(encoded, isOffered, at)) this.wake();
  }

  /**
   * Sends a file once more if the peer has taken it as it is now: another host may have brought it
   * an older version since, which was on its way all the time.
   */
  sendAgain(encoded: Buffer): void {
    if (this.#contested.sendAgain(encoded)) this.wake();
  }

  /**
   * Has what is under a name sent with force, as long as it does not change: the peer has something
   * else there that is to go.
   */
  win(encoded: Buffer): void {
    this.#send(encoded, true);
  }

  /** Has what is under a name sent, as any change is. */
  offer(encoded: Buffer): void {
    this.#send(encoded, false);
  }

  #send(encoded: Buffer, isForced: boolean): void {
    this.#rejected.forget(encoded);
    this.#contested.send(encoded, isForced);
    this.wake();
  }

  /** What the peer has changed as well, and nobody has decided. */
  conflicts(): readonly HeldConflict[] {
    return this.#rejected.conflicts();
  }

  /**
   * The peer has looked at what this host has, and sent nothing: it may have given up its version
   * of what is in conflict.
   */
  lookedAt(): void {
    if (this.#rejected.retryConflicts()) this.wake();
  }

  /**
   * Has nothing of these names pending any more: the peer's version is to come. Until it does, this
   * host keeps its own on disk.
   *
   * @returns whether it could be done: not while csync2's database is locked for seconds
   */
  async giveUp(names: readonly Buffer[]): Promise<boolean> {
    const { ledger, peer, window } = this.#parts;
    const isDone = await window.run(() =>
      whenNotBusy(() => ledger.withoutWaiting(() => withdrawDirty(ledger, names, peer))),
    );
    if (!isDone) return false;
    for (const encoded of names) {
      this.#rejected.forget(encoded);
      this.#contested.giveUp(encoded);
    }
    this.wake();
    return true;
  }

  /** Tries what the peer has refused of some names, at once. */
  tryAgain(concerns: (encoded: Buffer) => boolean): void {
    if (this.#rejected.forgetWhere(concerns)) this.wake();
  }

  /** Whether the peer has refused a file, and not taken it since. */
  hasRejected(row: DirtyRow): boolean {
    return this.#rejected.hasFailed(row);
  }

  /** Whether a file is on its way just now, by its name in the database. */
  isSending(encoded: Buffer): boolean {
    return this.#pushing?.copy.has(encoded) ?? false;
  }

  /**
   * Whether the peer called a file changed on both sides when it was asked last, by its name in the
   * database.
   */
  hasRefused(encoded: Buffer): boolean {
    return this.#rejected.wasConflict({ encoded });
  }

  /**
   * Whether the peer called anything at or below a name, or a directory above it, changed on both
   * sides.
   */
  hasConflictAround(encoded: Buffer): boolean {
    return this.#rejected.hasConflictAround(encoded);
  }

  /** Until now, the peer had a version of its own that it may have been bringing to others. */
  #isLate(row: DirtyRow): boolean {
    const { encoded } = row;
    return (
      this.#rejected.wasConflict(row) ||
      this.#contested.isOrigin(encoded) ||
      this.#contested.isDecided(encoded)
    );
  }

  #isContested(row: PushedRow, { diagnoses, outcome, transcript }: Pushed): boolean {
    const isLeft = outcome.left.includes(row) && diagnoses.has(row);
    return isLeft || outcome.later?.includes(row) || transcript.isContested(saidName(row));
  }

  #replacesDirectory(encoded: Buffer): boolean {
    const path = this.#files.path(encoded);
    const isFile = this.#files.look(encoded) === 'other';
    return path !== undefined && isFile && this.#parts.ledger.countWithin(path, 2, true) > 1;
  }

  /**
   * A row that is pushed alone, to be told why it is rejected: when nothing else is to be sent, but
   * soon in any case.
   */
  #askedAlone(rows: readonly DirtyRow[]): DirtyRow | undefined {
    if (this.#refusal.isPeer) return rows[0];
    const suspects = rows.filter((row) => this.#rejected.isSuspect(row));
    // One that has overtaken the others tells nothing of what holds them.
    if (suspects.length === 0) return undefined;
    const isTime = this.#asksNext || performance.now() - this.#askedAt > askMilliseconds;
    if (suspects.length < rows.length && !isTime) return undefined;
    this.#asksNext = false;
    this.#askedAt = performance.now();
    return this.#rejected.longestWaiting(suspects);
  }

  get #directory(): string {
    return join(this.#parts.directory, encodeURIComponent(this.peer));
  }

  get #databaseFile(): string {
    return join(this.#directory, this.#parts.databaseName);
  }

  #goesOn(pushed: Pushed): boolean {
    if (pushed.isHalted) {
      // It says nothing of the peer or the files.
      this.#cutOff.pushed(pushed.transcript, pushed.outcome);
      return !this.#rhythm.isStopping;
    }
    this.#report(pushed);
    return !this.#rhythm.isStopping && this.#judge(pushed) && !this.#isTurnOver();
  }

  /**
   * Others wait for their turn, and this one has lasted long enough: it goes on when they have had
   * theirs.
   */
  #isTurnOver(): boolean {
    const { stallSeconds, turn } = this.#parts;
    const isOver =
      turn?.isWaitedFor === true && performance.now() - this.#turnSince > stallSeconds * 1000;
    if (isOver) this.#rhythm.wake();
    return isOver;
  }

  #nextRows(): readonly DirtyRow[] {
    this.#parts.lookAtRoots();
    const { rows, resting, unreadable, waiting } = this.#choice.next(
      this.#refusal.isPeer ? 1 : this.#slice.rows,
    );
    this.#unreadable = unreadable;
    this.#waiting = waiting;
    if (rows.length === 0) this.#awaitRelease(resting);
    return rows;
  }

  /**
   * Removes what was sent from what is pending, and in the same window takes the next slice if it
   * `goesOn`. Beside a session that is waited for no longer the database may be locked for seconds.
   */
  async #merge(pushed: Pushed, checkpoint: Checkpoint): Promise<Slice | undefined> {
    const { outcome } = pushed;
    const uncertain = new Set(
      outcome.sent.filter((row) => this.#isUncertain(row, pushed)).map(keyOf),
    );
    // When the lane is stopped before it gets its turn, what was sent stays pending and is sent
    // again: no harm.
    for (let wait = 5; !this.#rhythm.signal.aborted; wait = Math.min(wait * 2, 100)) {
      const merged = await this.#parts.window.run(async () => {
        if (!this.#tryMerge(outcome, checkpoint, uncertain)) return false;
        return { next: this.#goesOn(pushed) ? this.#nextSlice() : undefined };
      });
      if (merged) return merged.next;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    return undefined;
  }

  #tryMerge(outcome: PushOutcome, checkpoint: Checkpoint, uncertain: ReadonlySet<string>): boolean {
    const { journal, ledger, peer } = this.#parts;
    const { sent, missingOnPeer, certificates } = outcome;
    const marks = missingOnPeer.length + (outcome.needParents?.length ?? 0);
    if (sent.length + marks + certificates.length === 0) return true;
    const isChecked = journal.mayBeMarkedSince(checkpoint);
    try {
      const isCheckedMeanwhile = (encoded: Buffer) => {
        const path = this.#files.path(encoded);
        return path !== undefined && (isChecked(path) || uncertain.has(keyOf({ encoded })));
      };
      mergePush(ledger, peer, outcome, isCheckedMeanwhile);
      this.#contested.yield(outcome.later ?? []);
      return true;
    } catch (error) {
      if (isBusy(error)) return false;
      throw error;
    }
  }

  #isUncertain(row: DirtyRow, { transcript }: Pushed): boolean {
    const path = this.#files.path(row.encoded);
    if (path === undefined) return false;
    // It was there for a moment, in which csync2 sent it, and nobody will find it changed: it is
    // gone, as it was.
    const isPast = transcript.hasUpdated(saidName(row)) && this.#files.look(row.encoded) === 'gone';
    if (isPast || this.#versions.isUncertain(row)) return this.#uncertain.sent(path);
    this.#uncertain.certain(path);
    return false;
  }

  #report(pushed: Pushed): void {
    const { result, outcome } = pushed;
    this.#sent += outcome.sent.length;
    if (outcome.sent.length > 0) this.#lastSentAt = Date.now();
    this.#slice.measured(outcome.sent.length, result.seconds);
    const pathOf = (encoded: Buffer) => this.#files.path(encoded);
    const about = { peer: this.peer, pathOf, rejected: this.#rejected };
    for (const report of reportsOf(pushed, about)) this.#parts.onPush?.(report);
  }

  /** Whether to go on with the next slice. */
  #judge(pushed: Pushed): boolean {
    const { result, outcome, transcript, diagnoses, blamed } = pushed;
    const { sent, left } = outcome;
    const late = sent.filter((row) => !outcome.later?.includes(row) && this.#isLate(row));
    this.#contested.sent(sent);
    for (const row of [...sent, ...left])
      if (this.#isContested(row, pushed)) this.#parts.onContested?.(row.encoded);
    for (const { encoded } of late) this.#parts.onLate?.(encoded);
    this.#versions.taken(sent, pushed.endedAt);
    this.#rejected.taken(sent);
    this.#rejected.takenBelow(sent);
    if (!pushed.isStuck) this.#cutOff.pushed(transcript, outcome);
    // What was refused along with everything else was not refused for its own sake.
    if (sent.length > 0 && this.#refusal.isOver()) this.#rejected.release();
    if (result.outcome === 'stalled') this.#noteStall(pushed);
    if (left.length > 0 && sent.length === 0) {
      if (aboutThePeer.has(result.outcome)) return this.#failPeer(result.outcome);
      for (const diagnosis of diagnoses.values()) {
        if (!this.#refusal.isOfPeer(diagnosis)) continue;
        this.#rejected.release();
        return this.#failPeer(diagnosis.outcome);
      }
      // Whatever comes next may be refused as well, for a reason that one of these tells.
      if (diagnoses.size === 0) this.#asksNext = true;
    }
    // Exit code 0 is no proof: what is left is left. The peer was reached and did not take these
    // files.
    for (const row of blamed.filter((each) => !this.#rejected.isResting(each))) {
      const diagnosis = diagnoses.get(row);
      this.#rejected.refused(row, this.#files.stamp(row), diagnosis, Date.now());
      if (pushed.lookalikes?.includes(row)) this.#rejected.force(row);
      if (diagnosis?.isTie && this.#winsTies(row)) this.#rejected.force(row);
      // Refused once more, it is the peer's later change.
      if (diagnosis?.meaning === 'half-taken') this.#versions.taken([row], pushed.endedAt);
      if (diagnosis?.meaning === 'compare') this.#parts.compare?.(row.encoded);
    }
    this.#rejected.left(left, (row) => this.#files.stamp(row));
    this.#rhythm.succeeded();
    return true;
  }

  /**
   * Where a file is to replace a directory that the peer has something in, csync2's server sends no
   * answer (csync_rs_sig reads the directory, and fails without a word).
   */
  #noteStall({ outcome: { left }, transcript }: Pushed): void {
    const name = transcript.nameCutOff(left.map(saidName));
    const row = left.find((each) => saidName(each) === name);
    if (!row || !['other', 'link'].includes(this.#files.look(row.encoded))) return;
    this.#rejected.refused(row, this.#files.stamp(row), stalledAt, Date.now());
    this.#parts.compare?.(row.encoded);
  }

  #failPeer(reason: Outcome): false {
    this.#rhythm.failed(reason);
    return false;
  }

  /**
   * Both sides changed the file within the second (or to the same size) that `auto` compares, so
   * both have lost, for good. One must give way, and both must agree which: the host whose name
   * comes later.
   */
  #winsTies(row: DirtyRow): boolean {
    return Buffer.compare(row.myName, encodeName(Buffer.from(this.peer))) < 0;
  }

  /** Nothing can be sent now but what rests: the lane wakes when the first of it is due. */
  #awaitRelease(resting: readonly DirtyRow[]): void {
    const { ledger } = this.#parts;
    const isPending = (encoded: Buffer) => ledger.pendingRow(this.peer, encoded) !== undefined;
    const release = this.#rejected.nextRelease(resting, isPending) ?? Number.POSITIVE_INFINITY;
    const pause = this.#waiting > 0 ? waitingMilliseconds : lookAgainMilliseconds;
    const isMore = this.#waiting + this.#unreadable > 0;
    const lookAgain = isMore ? Date.now() + pause : Number.POSITIVE_INFINITY;
    const next = Math.min(
      release,
      lookAgain,
      this.#uncertain.nextDue() ?? Number.POSITIVE_INFINITY,
    );
    if (next < Number.POSITIVE_INFINITY) this.#rhythm.wakeAt(next);
  }

  /** Nothing can be sent now. */
  #noteIdle(): void {
    this.#pending = this.#parts.ledger.countDirty(this.peer);
    if (this.#pending > 0) return;
    this.#pendingSince = undefined;
    // Whatever has failed is not pending any more.
    this.#rhythm.succeeded();
    this.#unnoted.forget();
  }

  /** The peer is paused: corrects and counts what is pending, and sends nothing. */
  async #notePending(): Promise<void> {
    const wait = this.#countAgainAt - performance.now();
    if (wait > 0) return this.#rhythm.wakeAt(Date.now() + wait);
    await this.#parts.window.run(async () => {
      this.#contested.apply();
      this.#count();
    });
    if (this.#pending === 0) this.#pendingSince = undefined;
    else this.#pendingSince ??= Date.now();
  }

  get #pausedSince(): number | undefined {
    return this.#parts.pausedSince?.();
  }

  /**
   * How much is pending. To count a million rows before each push would take as long as the push:
   * then it is not told again.
   */
  #count(): void {
    if (performance.now() < this.#countAgainAt) return;
    const begun = performance.now();
    this.#pending = this.#parts.ledger.countDirty(this.peer);
    this.#countAgainAt = begun + (performance.now() - begun) * countingShare;
  }
}

function keyOf({ encoded }: Pick<DirtyRow, 'encoded'>): string {
  return encoded.toString('latin1');
}

function isBusy(error: unknown): boolean {
  return (error as { code?: string }).code?.startsWith('SQLITE_BUSY') ?? false;
}

/** How long rows that were refused wait for fresh changes before one is asked about. */
const askMilliseconds = 1000;
/** Counting takes this part of the time at most. */
const countingShare = 50;
const onHoldShown = 100;
const stalledAt: Diagnosis = {
  outcome: 'refused',
  meaning: 'compare',
  detail: 'the peer does not answer at this file',
  isTie: false,
};
/** How often files are looked for that can't be looked at. */
const lookAgainMilliseconds = 10_000;
/** How often links are looked at that wait for what can't be sent. */
const waitingMilliseconds = 1000;
