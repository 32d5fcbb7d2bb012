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
  /** Whether a path lies at or below a place that is not there. */
  readonly isAway: (path: PathBytes) => boolean;
}

/** A file that a peer has sent, or wanted to send, to where it can't be seen. */
export interface UnseenFile {
  /** As csync2 has it, one character a byte. */
  readonly name: string;
  readonly path: PathBytes;
  /**
   * Set if csync2 has not taken it, but marked it, since it could not see ours: when ours was last
   * in sight, or later; milliseconds since 1970.
   */
  readonly markedSince?: number;
}

/**
 * Files that peers have sent to where they can't be seen: into the bare mount point of a disk that
 * is not mounted, since csync2's server takes them as long as nobody keeps it from that. csync2 has
 * a note of them. When the disk is back it would take new files for deleted, and older versions for
 * changes, and bring both to the peers. And of a file that it knows and can't see there, it takes
 * nothing, but marks it as deleted.
 */
export class UnseenArrivals {
  readonly #parts: UnseenArrivalsParts;
  /** The last arrivals and marks, with when each was noticed. */
  #recent: { readonly name: string; readonly isMark: boolean; readonly at: number }[] = [];
  /** When each place that is away was last seen. */
  readonly #seenAt = new Map<PathKey, number>();
  /** Of a run that ends before its disk is back, the marks stay. */
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
   * A place has gone: what has been received there since it was last seen may lie where it can't be
   * seen.
   *
   * @param seenAt - when it was last seen, in this run; milliseconds since 1970
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
   * What lies unseen at and below a place, but for what lies at or below one in it that is away.
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

  /** csync2 has been told of these, or they are in sight. */
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
