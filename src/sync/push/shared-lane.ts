import { lastWords } from '../../csync2/run/result.js';
import type { CommandResult, Runner } from '../../csync2/run/runner.js';
import type { PathBytes } from '../../text/path-bytes.js';
import type { Mutex } from '../common/mutex.js';
import type { CheckJournal, Checkpoint } from '../database/check-journal.js';
import type { Lane, LaneStatus, PushReport } from './lane.js';
import { LaneRhythm } from './lane-rhythm.js';
import { leastRateOf } from './least-rate.js';
import { PushWatch, type PushWatchParts } from './push-watch.js';

/** The parts of {@link SharedLane}, which sends to one peer from csync2's own database. */
export interface SharedLaneParts {
  readonly peer: string;
  readonly runner: Runner;
  readonly journal: CheckJournal;
  /** Further options of the update, such as `-b` if the binary has it. */
  readonly options: readonly string[];
  /**
   * Marks the files again that were marked after the checkpoint, and releases the checkpoint; see
   * {@link Checker.markAgain}.
   */
  readonly markAgain: (checkpoint: Checkpoint) => Promise<number | undefined>;
  /** Counts the files that are pending for this peer; undefined if they can't be counted. */
  readonly countPending: () => Promise<number | undefined>;
  /** Whether every place is there: csync2 pushes files that it can't see as deleted. */
  readonly mayPush: () => boolean;
  /** Undefined if the pending files are not looked at. */
  readonly sights?: PendingSights;
  readonly stallSeconds: number;
  readonly turn?: Mutex;
  /** Since when the peer has been paused; undefined if it is not paused. */
  readonly pausedSince?: () => number | undefined;
  readonly onPush?: (report: PushReport) => void;
  readonly onError?: (where: string, error: unknown) => void;
}

/**
 * Looks whether pending files are in sight. An update of the shared database can't leave out single
 * files.
 */
export interface PendingSights {
  /** The files that are pending. */
  pending(): Promise<readonly PathBytes[]>;
  /** Those of `paths` that can't be looked at, or lie at or below a missing place. */
  outOfSight(paths: readonly PathBytes[]): Promise<readonly PathBytes[]>;
  readonly pin: PushWatchParts['pin'];
  /** Marks the files once more, because csync2 may have sent them as deleted. */
  mark(paths: readonly PathBytes[]): Promise<void>;
}

/**
 * Stage 2 for one peer on csync2's own database, for databases other than SQLite: `csync2 -u -P
 * PEER`. Such an update may remove a file from the pending ones that a check has marked again
 * during the update. The update can't exclude the checks, because one to a dead or slow peer would
 * hold up the changes for all others. So files that were marked during the update are marked once
 * more.
 */
export class SharedLane implements Lane {
  readonly peer: string;
  readonly #parts: SharedLaneParts;
  readonly #rhythm: LaneRhythm;
  #lastSentAt: number | undefined;
  #sent = 0;
  #pending: number | undefined;
  #pendingSince: number | undefined;
  #unreadable = 0;
  #halt: AbortController | undefined;

  constructor(parts: SharedLaneParts) {
    this.peer = parts.peer;
    this.#parts = parts;
    this.#rhythm = new LaneRhythm(
      () => this.#takeTurn(),
      () => this.#pausedSince !== undefined,
    );
  }

  wake(): void {
    // A peer that refuses some file may take a newer one.
    const { reason } = this.#rhythm.status;
    if (reason === 'refused' || reason === 'conflict') this.#rhythm.probe();
    else this.#rhythm.wake();
  }

  retry(): void {
    this.#rhythm.retry();
  }

  async pause(): Promise<void> {
    this.#rhythm.renew();
    await this.#rhythm.silence(() => this.#halt?.abort());
  }

  resume(): void {
    this.#rhythm.renew();
  }

  halt(): void {
    this.#halt?.abort();
  }

  rest(): Promise<void> {
    return this.#rhythm.rest();
  }

  stop(): Promise<void> {
    return this.#rhythm.stop();
  }

  status(): LaneStatus {
    return {
      peer: this.peer,
      ...this.#rhythm.status,
      pausedSince: this.#pausedSince,
      lastSentAt: this.#lastSentAt,
      pending: this.#pending,
      pendingSince: this.#pendingSince,
      sent: this.#sent,
      onHold: [],
      onHoldCount: 0,
      unreadable: this.#unreadable,
    };
  }

  async #takeTurn(): Promise<void> {
    try {
      if (this.#pausedSince !== undefined) return void (await this.#look());
      const update = () => this.#update();
      await (this.#parts.turn ? this.#parts.turn.run(update) : update());
    } catch (error) {
      this.#parts.onError?.(`sending to ${this.peer}`, error);
      this.#rhythm.failed('failed');
    }
  }

  async #update(): Promise<void> {
    if ((await this.#look()) === 0) return;
    const { journal, markAgain, mayPush, options, peer, runner, sights, stallSeconds } =
      this.#parts;
    const pending = (await sights?.pending()) ?? [];
    this.#unreadable = (await sights?.outOfSight(pending))?.length ?? 0;
    if (!mayPush()) return;
    if (this.#unreadable > 0) return this.#rhythm.failed('unreadable');
    if (this.#rhythm.isHeldBack) return;
    this.#rhythm.updating();
    const halt = new AbortController();
    this.#halt = halt;
    const checkpoint = journal.checkpoint();
    const leastRate = leastRateOf(this.#parts.turn);
    try {
      const watch = new PushWatch({
        paths: pending,
        pin: sights?.pin ?? (() => () => {}),
        onOutOfSight: () => halt.abort(),
      });
      const result = await runner
        .run({
          mode: ['-v', ...options, '-u', '-P', peer],
          stallSeconds,
          ...(leastRate ? { leastRate } : {}),
          signal: AbortSignal.any([this.#rhythm.signal, halt.signal]),
          onMessage: watch.add,
        })
        .finally(() => watch.end());
      const lost = (await sights?.outOfSight(pending)) ?? [];
      if (lost.length > 0) await sights?.mark(lost);
      const again = await markAgain(checkpoint);
      // A halted update says nothing of the peer.
      if (halt.signal.aborted) return this.#rhythm.failed('unreadable');
      const before = this.#pending ?? 0;
      const left = await this.#look();
      this.#report(result, { sent: Math.max(0, before - (left ?? 0)), left: left ?? 0 });
      if (this.#rhythm.isStopping) return;
      // Exit code 0 does not prove that everything was sent. Files that a check marked meanwhile
      // are no failure.
      if (result.outcome !== 'done') this.#rhythm.failed(result.outcome);
      else if (again === undefined) this.#rhythm.failed('locked');
      else if (left && again === 0) this.#rhythm.failed('refused');
      else this.#rhythm.succeeded();
      if (again) this.#rhythm.wake();
    } finally {
      this.#halt = undefined;
      journal.release(checkpoint);
    }
  }

  get #pausedSince(): number | undefined {
    return this.#parts.pausedSince?.();
  }

  async #look(): Promise<number | undefined> {
    this.#pending = await this.#parts.countPending();
    if (this.#pending === 0) this.#pendingSince = undefined;
    else this.#pendingSince ??= Date.now();
    return this.#pending;
  }

  #report(
    { outcome, said, seconds }: CommandResult,
    { sent, left }: { sent: number; left: number },
  ): void {
    if (sent > 0) this.#lastSentAt = Date.now();
    this.#sent += sent;
    const isAboutPeer = outcome !== 'done';
    const text = lastWords(said);
    this.#parts.onPush?.({
      peer: this.peer,
      sent,
      left,
      outcome,
      text,
      seconds,
      names: [],
      isAboutPeer,
    });
  }
}
