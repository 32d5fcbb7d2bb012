import { type PathPrefix, realPathOf } from '../csync2/name-encoding.js';
import { isWithin, type PathBytes } from '../path-bytes.js';
import type { MountMemory } from './mount-memory.js';

/** What the arrivals are judged by. */
export interface UnseenArrivalsParts {
  readonly memory: MountMemory;
  readonly prefixes: readonly PathPrefix[];
  /** Whether a path lies at or below a place that is not there. */
  readonly isAway: (path: PathBytes) => boolean;
}

/** A file that a peer has sent to where it can't be seen. */
export interface UnseenFile {
  /** As csync2 has it, one character a byte. */
  readonly name: string;
  readonly path: PathBytes;
}

/**
 * Files that peers have sent to where they can't be seen: into the bare mount point of a disk that is not mounted, since
 * csync2's server takes them as long as nobody keeps it from that. csync2 has a note of them. When the disk is back it
 * would take new files for deleted, and older versions for changes, and bring both to the peers.
 */
export class UnseenArrivals {
  readonly #parts: UnseenArrivalsParts;
  /** The last arrivals, with when each was noticed. */
  #recent: { readonly name: string; readonly at: number }[] = [];

  constructor(parts: UnseenArrivalsParts) {
    this.#parts = parts;
  }

  /** A file has been received; its name as csync2 has it, one character a byte. */
  received(name: string, now = Date.now()): void {
    const path = this.#pathOf(name);
    if (!path) return;
    if (this.#parts.isAway(path)) this.#parts.memory.noteReceived(name);
    this.#recent.push({ name, at: now });
    if (this.#recent.length > recentMost * 2) this.#recent = this.#recent.slice(-recentMost);
  }

  /**
   * A place has gone: what has been received there since it was last seen may lie where it can't be seen.
   *
   * @param since - milliseconds since 1970
   */
  gone(place: PathBytes, since: number): void {
    for (const { name, at } of this.#recent) {
      const path = at >= since ? this.#pathOf(name) : undefined;
      if (path && isWithin(path, place)) this.#parts.memory.noteReceived(name);
    }
  }

  /** What lies unseen at and below a place, but for what lies at or below one in it that is away. */
  within(place: PathBytes): UnseenFile[] {
    const { isAway, memory } = this.#parts;
    return memory.received.flatMap((name) => {
      const path = this.#pathOf(name);
      return path && isWithin(path, place) && !isAway(path) ? [{ name, path }] : [];
    });
  }

  /** csync2 has been told of these, or they are in sight. */
  settle(files: readonly UnseenFile[]): void {
    this.#parts.memory.forgetReceived(files.map(({ name }) => name));
  }

  #pathOf(name: string): PathBytes | undefined {
    return realPathOf(Buffer.from(name, 'latin1'), this.#parts.prefixes);
  }
}

const recentMost = 5000;
