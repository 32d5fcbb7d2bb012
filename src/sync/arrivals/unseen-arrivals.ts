import { type PathPrefix, realPathOf } from '../../csync2/files/name-encoding.js';
import { fromKey, isWithin, type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import type { MountMemory } from '../guard/mount-memory.js';

/**
 * The parts of {@link UnseenArrivals}, which remembers files that peers sent to a place that was
 * out of sight.
 */
export interface UnseenArrivalsParts {
  readonly memory: MountMemory;
  readonly prefixes: readonly PathPrefix[];
  /** Whether a path lies at or below a missing place. */
  readonly isAway: (path: PathBytes) => boolean;
}

/** A file that a peer has sent, or wanted to send, to a place that is out of sight. */
export interface UnseenFile {
  /** The name as csync2 has it, one character a byte. */
  readonly name: string;
  readonly path: PathBytes;
  /**
   * Set if csync2 has marked the file instead of taking it, because it could not see our version:
   * when our version was last in sight, or later, in milliseconds since 1970.
   */
  readonly markedSince?: number;
}

/**
 * Files that peers have sent to places that are out of sight, namely into the bare mount point of a
 * disk that is not mounted. csync2's server takes such files unless it is kept from that, and has a
 * note of them. When the disk is back, csync2 would take new files for deleted, and older versions
 * for changes, and send both to the peers. If csync2 knows a file and can't see it there, it does
 * not take the peer's version, but marks the file as deleted.
 */
export class UnseenArrivals {
  readonly #parts: UnseenArrivalsParts;
  /** The last arrivals and marks, with the time of each. */
  #recent: { readonly name: string; readonly isMark: boolean; readonly at: number }[] = [];
  /** When each place that is away was last seen. */
  readonly #seenAt = new Map<PathKey, number>();
  /** Marked names. If the run ends before the disk is back, the marks stay. */
  readonly #marked = new Map<string, number>();

  constructor(parts: UnseenArrivalsParts) {
    this.#parts = parts;
  }

  /** A file has been received; its name as csync2 has it, one character a byte. */
  received(name: string, now = Date.now()): void {
    this.#notice(name, false, now);
  }

  /** A session has found a file changed or gone. */
  marked(name: string, now = Date.now()): void {
    this.#notice(name, true, now);
  }

  #notice(name: string, isMark: boolean, at: number): void {
    const path = this.#pathOf(name);
    if (!path) return;
    if (this.#parts.isAway(path)) this.#note(name, isMark, this.#lastSeen(path));
    this.#recent.push({ name, isMark, at });
    if (this.#recent.length > recentMost * 2) this.#recent = this.#recent.slice(-recentMost);
  }

  #note(name: string, isMark: boolean, seenAt: number | undefined): void {
    if (!isMark) {
      this.#marked.delete(name);
      this.#parts.memory.noteReceived(name);
    } else if (seenAt !== undefined) this.#marked.set(name, seenAt);
  }

  #lastSeen(path: PathBytes): number | undefined {
    let first: number | undefined;
    for (const [key, at] of this.#seenAt) {
      if (isWithin(path, fromKey(key))) first = Math.min(first ?? at, at);
    }
    return first;
  }

  /**
   * A place has gone. Files received since it was last seen may lie out of sight.
   *
   * @param seenAt - when the place was last seen in this run, in milliseconds since 1970
   */
  gone(place: PathBytes, seenAt: number | undefined): void {
    if (seenAt !== undefined) this.#seenAt.set(toKey(place), seenAt);
    for (const { name, isMark, at } of this.#recent) {
      const path = at >= (seenAt ?? 0) ? this.#pathOf(name) : undefined;
      if (path && isWithin(path, place)) this.#note(name, isMark, seenAt);
    }
  }

  /** A place is there again. */
  back(place: PathBytes): void {
    this.forget(this.within(place));
    this.#seenAt.delete(toKey(place));
  }

  /**
   * The unseen files at and below a place, without those at or below a place in it that is away.
   */
  within(place: PathBytes): UnseenFile[] {
    const { isAway, memory } = this.#parts;
    const received = memory.received.map((name) => ({ name }));
    const marked = [...this.#marked].map(([name, markedSince]) => ({ name, markedSince }));
    return [...received, ...marked].flatMap((unseen) => {
      const path = this.#pathOf(unseen.name);
      return path && isWithin(path, place) && !isAway(path) ? [{ ...unseen, path }] : [];
    });
  }

  /** csync2 has noted these files, or they are in sight. */
  forget(files: readonly UnseenFile[]): void {
    this.#parts.memory.forgetReceived(files.map(({ name }) => name));
    for (const { name, markedSince } of files)
      if (markedSince !== undefined) this.#marked.delete(name);
  }

  #pathOf(name: string): PathBytes | undefined {
    return realPathOf(Buffer.from(name, 'latin1'), this.#parts.prefixes);
  }
}

const recentMost = 5000;
