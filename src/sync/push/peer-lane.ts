import { join } from 'node:path';
import { isLocked } from '../../csync2/database/connection.js';
import type { Ledger } from '../../csync2/database/ledger.js';
import type { PendingRow } from '../../csync2/database/pending-table.js';
import { PrivateDatabase, type PushedRow } from '../../csync2/database/private-database.js';
import { encodeName, type PathPrefix, saidName } from '../../csync2/files/name-encoding.js';
import type { Runner } from '../../csync2/run/runner.js';
import { isShortage } from '../../proc/shortage.js';
import { isWithin, type PathBytes } from '../../text/path-bytes.js';
import type { Mutex } from '../common/mutex.js';
import type { Timelines } from '../common/timelines.js';
import type { CheckJournal, Checkpoint } from '../database/check-journal.js';
import type { DatabaseWindow } from '../database/database-window.js';
import { CutOffFiles } from './cut-off-files.js';
import { Decisions } from './decisions.js';
import { Judge } from './judge.js';
import type { Lane, LaneStatus, PushReport } from './lane.js';
import { LaneRhythm } from './lane-rhythm.js';
import { leastRateOf } from './least-rate.js';
import { Merge, type MergeParts } from './merge.js';
import { PendingCount } from './pending-count.js';
import { reportsOf } from './push-reports.js';
import type { PushWatchParts } from './push-watch.js';
import { type Pushed, Pusher, type Slice } from './pusher.js';
import { Question } from './refused/question.js';
import { RefusalClassifier } from './refused/refusal-classifier.js';
import { RejectedRows } from './refused/rejected-rows.js';
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
  /** The name that the peer uses for this host. */
  readonly myName: string;
  /** The peer only receives files, so its own changes are no later versions. */
  readonly isSlave?: boolean;
  readonly runner: Runner;
  readonly ledger: Ledger;
  readonly journal: CheckJournal;
  readonly window: DatabaseWindow;
  readonly prefixes: readonly PathPrefix[];
  /** The directory for private databases, best on tmpfs. */
  readonly directory: string;
  /** The file name that csync2 expects there. */
  readonly databaseName: string;
  /** Seconds without progress after which a push is ended. */
  readonly stallSeconds: number;
  /** Set when peers are updated one after another. */
  readonly turn?: Mutex;
  /** Whether a path lies at or below a missing place. csync2 would push such a path as deleted. */
  readonly isHeld: (path: PathBytes) => boolean;
  /** Looks which places are there, before and after each push. */
  readonly lookAtRoots: () => void;
  /** Undefined if nothing is kept from being unmounted. */
  readonly pin?: PushWatchParts['pin'];
  /**
   * Asks for a check of a file that exists but has no note in csync2's database, because csync2 has
   * taken the file for deleted.
   */
  readonly recheck?: (path: PathBytes) => void;
  /**
   * Asks for a comparison of both sides, because the peer has something unknown in the way of this
   * name.
   */
  readonly compare?: (encoded: Buffer) => void;
  /** Undefined if nothing is known of other hosts' versions. */
  readonly origins?: Origins;
  /** This host and the peer have both changed a file. */
  readonly onContested?: (encoded: Buffer) => void;
  /**
   * Called when the peer takes our version late: it may have brought an older version to other
   * hosts after they took ours.
   */
  readonly onLate?: (encoded: Buffer) => void;
  /** Since when the peer has been paused; undefined if it is not paused. */
  readonly pausedSince?: () => number | undefined;
  /** Undefined: nobody wants to know where the time goes. */
  readonly timelines?: Timelines | undefined;
  readonly onPush?: (report: PushReport) => void;
  readonly onError?: (where: string, error: unknown) => void;
}

/**
 * Stage 2 for one peer, on a private database. The lane holds no lock of csync2's real database
 * while it waits for the network, so lanes disturb neither each other nor the checks, and two hosts
 * that push to each other can't block.
 */
export class PeerLane implements Lane {
  readonly peer: string;
  readonly decisions: Decisions;
  readonly #parts: PeerLaneParts;
  readonly #files: PendingFiles;
  readonly #rejected = new RejectedRows();
  readonly #versions: SentVersions;
  readonly #cutOff = new CutOffFiles();
  readonly #slice = new SliceSize();
  readonly #choice: SliceChoice;
  readonly #refusal = new RefusalClassifier();
  readonly #question = new Question(this.#rejected, this.#refusal);
  readonly #judge: Judge;
  readonly #merging: MergeParts;
  readonly #pending: PendingCount;
  readonly #pusher: Pusher;
  readonly #unnoted: UnnotedFiles;
  readonly #uncertain = new UncertainRows();
  #pushing: Slice | undefined;
  #hasRecalled = false;
  /** By the clock of `performance`. */
  #turnSince = 0;
  #unreadable = 0;
  #waiting = 0;
  readonly #contested: ContestedVersions;
  readonly #rhythm: LaneRhythm;
  #lastSentAt: number | undefined;
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
      hasEntries: (encoded) => this.#hasEntries(encoded),
      isNeededBelow: (encoded) => this.#isNeededBelow(encoded),
    });
    this.#judge = new Judge({
      ...{ peer: parts.peer, files: this.#files, rejected: this.#rejected, refusal: this.#refusal },
      ...{ versions: this.#versions, contested: this.#contested, cutOff: this.#cutOff },
      ...{ compare: parts.compare, onContested: parts.onContested, onLate: parts.onLate },
      askSoon: () => this.#question.hurry(),
    });
    this.#merging = {
      ...{ peer: parts.peer, ledger: parts.ledger, journal: parts.journal, files: this.#files },
      ...{ versions: this.#versions, uncertain: this.#uncertain, contested: this.#contested },
    };
    this.#pending = new PendingCount(() => parts.ledger.pending.count(parts.peer));
    this.decisions = new Decisions({
      ...{ peer: parts.peer, ledger: parts.ledger, window: parts.window },
      ...{ rejected: this.#rejected, contested: this.#contested, wake: () => this.wake() },
    });
    this.#rhythm = new LaneRhythm(
      () => this.#takeTurn(),
      () => this.#pausedSince !== undefined,
    );
  }

  wake(): void {
    // A peer that refuses the file it was asked about may take a newer one.
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
    const { first: onHold, count: onHoldCount, conflicts } = this.#rejected.list(onHoldShown);
    return {
      peer: this.peer,
      ...this.#rhythm.status,
      pausedSince: this.#pausedSince,
      lastSentAt: this.#lastSentAt,
      pending: this.#pending.files,
      pendingSince: this.#pending.since,
      sent: this.#sent,
      onHold,
      onHoldCount,
      conflictCount: conflicts,
      unreadable: this.#unreadable,
    };
  }

  async #takeTurn(): Promise<void> {
    try {
      if (this.#pausedSince !== undefined) return await this.#notePending();
      const push = () => this.#pushAll();
      await (this.#parts.turn ? this.#parts.turn.run(push) : push());
    } catch (error) {
      if (isLocked(error)) return this.#rhythm.failed('locked');
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
        // The next slice has been taken already, and must stay.
        if (this.#pushing?.halt === halt) this.#pushing = undefined;
        this.#parts.journal.release(checkpoint);
      }
    }
  }

  /**
   * Runs before the first push: a daemon that was killed after its last push has left its database.
   */
  #recall(): void {
    this.#hasRecalled = true;
    const interrupted = PrivateDatabase.recall(this.#databaseFile);
    if (interrupted)
      this.#versions.recall(interrupted, encodeName(Buffer.from(this.#parts.myName)));
  }

  /**
   * Copies the pending files that the next push sends into a private database. Call it in a
   * database window.
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
    this.#pending.found();
    this.#rhythm.updating();
    const suspect = this.#question.choose(rows);
    const chosen = this.#chosen(rows, suspect);
    const copy = PrivateDatabase.build(ledger, this.#databaseFile, peer, chosen);
    this.#versions.begin(copy.rows);
    for (const path of this.#unnoted.take(copy.unnoted)) this.#parts.recheck?.(path);
    const paths = chosen.flatMap((row) => this.#files.path(row.encoded) ?? []);
    // This is still the moment of the snapshot: files that are checked after it stay pending,
    // whether this push sends them or not.
    const isVerbose = suspect !== undefined || this.#pusher.isSmall(chosen);
    this.#pushing = {
      copy,
      checkpoint: journal.checkpoint(),
      isVerbose,
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

  #chosen(rows: readonly PendingRow[], suspect: PendingRow | undefined): readonly PendingRow[] {
    const chosen = suspect ? [suspect] : rows.filter((row) => !this.#rejected.isSuspect(row));
    return chosen.map((row) =>
      this.#rejected.isForced(row) || this.#contested.isForced(row) ? { ...row, forced: 1 } : row,
    );
  }

  marked(encoded: Buffer, isOffered: boolean, at: number): void {
    this.decisions.marked(encoded, isOffered, at);
  }

  /** Whether a file is on its way just now, by its name in the database. */
  isSending(encoded: Buffer): boolean {
    return this.#pushing?.copy.has(encoded) ?? false;
  }

  #hasEntries(encoded: Buffer): boolean {
    const path = this.#files.path(encoded);
    return path !== undefined && this.#parts.ledger.tree.countWithin(path, 2, true) > 1;
  }

  #isNeededBelow(encoded: Buffer): boolean {
    const { ledger, peer } = this.#parts;
    const path = this.#files.path(encoded);
    if (!path || this.#files.look(encoded) !== 'directory') return false;
    return ledger.pending
      .within(peer, path, mostBelow)
      .some((row) => !row.encoded.equals(encoded) && this.#files.look(row.encoded) !== 'gone');
  }

  get #directory(): string {
    return join(this.#parts.directory, encodeURIComponent(this.peer));
  }

  get #databaseFile(): string {
    return join(this.#directory, this.#parts.databaseName);
  }

  #goesOn(pushed: Pushed): boolean {
    if (pushed.isHalted) {
      // A halted push says nothing else of the peer or the files.
      this.#cutOff.pushed(pushed.transcript, pushed.outcome);
      this.#versions.accepted(pushed.accepted, pushed.endedAt);
      return !this.#rhythm.isStopping;
    }
    this.#report(pushed);
    if (this.#rhythm.isStopping) return false;
    const failure = this.#judge.judge(pushed);
    if (failure) {
      this.#rhythm.failed(failure);
      return false;
    }
    this.#rhythm.succeeded();
    return !this.#isTurnOver();
  }

  /**
   * Whether this lane's turn has lasted long enough while others wait for theirs. The lane goes on
   * after the others.
   */
  #isTurnOver(): boolean {
    const { stallSeconds, turn } = this.#parts;
    const isOver =
      turn?.isWaitedFor === true && performance.now() - this.#turnSince > stallSeconds * 1000;
    if (isOver) this.#rhythm.wake();
    return isOver;
  }

  #nextRows(): readonly PendingRow[] {
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
   * Removes the sent rows from the pending ones, and takes the next slice in the same window if it
   * `goesOn`. The database may be locked for seconds by a session that the window no longer waits
   * for.
   */
  async #merge(pushed: Pushed, checkpoint: Checkpoint): Promise<Slice | undefined> {
    const merge = new Merge(this.#merging, pushed, checkpoint);
    // If the lane is stopped first, the sent rows stay pending and are sent again, which does no
    // harm.
    for (let wait = 5; !this.#rhythm.signal.aborted; wait = Math.min(wait * 2, 100)) {
      const merged = await this.#parts.window.run(async () => {
        if (!merge.try()) return false;
        return { next: this.#goesOn(pushed) ? this.#nextSlice() : undefined };
      });
      if (merged) return merged.next;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
    return undefined;
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

  /** Only resting rows are left to send, so the lane wakes when the first of them is due. */
  #awaitRelease(resting: readonly PendingRow[]): void {
    const { ledger } = this.#parts;
    const isPending = (encoded: Buffer) => ledger.pending.row(this.peer, encoded) !== undefined;
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
    if (this.#pending.countNow() > 0) return;
    // The rows that failed are not pending any more.
    this.#rhythm.succeeded();
    this.#unnoted.forget();
  }

  /** Corrects and counts the pending rows while the peer is paused, and sends nothing. */
  async #notePending(): Promise<void> {
    const { wait } = this.#pending;
    if (wait > 0) return this.#rhythm.wakeAt(Date.now() + wait);
    await this.#parts.window.run(async () => {
      this.#contested.apply();
      this.#pending.look();
    });
  }

  get #pausedSince(): number | undefined {
    return this.#parts.pausedSince?.();
  }
}

const onHoldShown = 100;
/** How many rows below a directory are looked at. */
const mostBelow = 1000;
/** How often the lane looks again for files that it could not look at. */
const lookAgainMilliseconds = 10_000;
/** How often the lane looks at links that wait for files that can't be sent yet. */
const waitingMilliseconds = 1000;
