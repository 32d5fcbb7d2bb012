/** Follows single changes through the stages, where somebody wants to know; else there is none. */
import type { PathBytes } from '../../text/path-bytes.js';
import { type Stage, Timeline } from './timeline.js';

/** What the watcher has brought into the queue at once. Times are in the clock of `performance`. */
export interface Notice {
  /** Number of records in the queue's life, these included: their place in it. */
  readonly upTo: number;
  /** When the first event was read from the kernel. */
  readonly readAt: number;
  /** When the records had come to the daemon's loop. */
  readonly takenAt: number;
  /** When they were in the queue's file. */
  readonly recordedAt: number;
}

/** What {@link Timelines} asks and tells. Times are in milliseconds of one clock. */
export interface TimelinesParts {
  readonly now: () => number;
  /** When a file was changed last, as the disk tells; undefined if that is not known. */
  readonly changedAt: (path: PathBytes) => number | undefined;
  /** A peer has accepted a single change. */
  readonly onAccepted: (peer: string, timeline: Timeline) => void;
}

/**
 * Joins what the stages tell of single changes: watcher and scheduler by the place in the queue,
 * check and lanes by the path. One change is single if nothing else waits when it is taken from the
 * queue. Bounded: what is never taken or sent is forgotten.
 */
export class Timelines {
  readonly #parts: TimelinesParts;
  #notices: readonly Notice[] = [];
  #checking: Timeline | undefined;
  #checked: readonly Timeline[] = [];

  constructor(parts: TimelinesParts) {
    this.#parts = parts;
  }

  now(): number {
    return this.#parts.now();
  }

  noticed(notice: Notice): void {
    this.#notices = [...this.#notices, notice].slice(-noticesMost);
  }

  /**
   * All records up to a place in the queue have been taken from it to be checked.
   *
   * @param path - the single path that they are of; undefined: of more than one
   */
  taken(upTo: number, path: PathBytes | undefined): void {
    const [first] = this.#notices.filter((notice) => notice.upTo <= upTo);
    this.#notices = this.#notices.filter((notice) => notice.upTo > upTo);
    this.#checking = undefined;
    if (!path || !first) return;
    const changedAt = this.#parts.changedAt(path) ?? first.readAt;
    // A process that only closes a file has changed it long ago.
    const isPlausible = changedAt <= first.readAt && changedAt > first.readAt - oldest;
    const timeline = new Timeline(path, isPlausible ? changedAt : first.readAt);
    timeline.mark('kernel', first.readAt);
    timeline.mark('reader', first.takenAt);
    timeline.mark('queue', first.recordedAt);
    timeline.mark('gather', this.now());
    this.#checking = timeline;
  }

  /** A stage of the check that goes on has ended. */
  mark(stage: Stage): void {
    this.#checking?.mark(stage, this.now());
  }

  /** The check has ended. `isMarked`: its file may be sent now. */
  checked(isMarked: boolean): void {
    if (this.#checking && isMarked)
      this.#checked = [...this.#checked, this.#checking].slice(-checkedMost);
    this.#checking = undefined;
  }

  /**
   * A lane has made what it sends next.
   *
   * @param begunAt - when it had csync2's database for that
   */
  pushing(paths: readonly PathBytes[], begunAt: number): Timeline | undefined {
    // Of one path, the last change counts.
    const waiting = this.#checked.findLast(({ path }) => paths.some((each) => each.equals(path)));
    const timeline = waiting?.fork();
    timeline?.mark('lane', begunAt);
    timeline?.mark('database', this.now());
    return timeline;
  }

  /** A peer has accepted a file; when, in milliseconds since 1970. */
  accepted(peer: string, timeline: Timeline, at: number): void {
    timeline.mark('push', this.now() - Math.max(0, Date.now() - at));
    this.#parts.onAccepted(peer, timeline);
  }
}

const noticesMost = 100;
/** Those that are rejected, or go to a peer that is down, are sent late or never. */
const checkedMost = 20;
/** Milliseconds. */
const oldest = 1000;
