import type { PathBytes } from '../text/path-bytes.js';

/**
 * Remembers when paths last changed, in a table that never grows. A newer path may replace an older
 * one, which is then unknown. Paths are compared by a hash of 32 bits.
 */
export class ChangeTimes {
  readonly #hashes = new Uint32Array(places);
  /** Milliseconds since 1970. */
  readonly #times = new Float64Array(places);

  /** A path has changed. */
  note(path: PathBytes, at: number): void {
    const hash = hashOf(path);
    this.#hashes[hash % places] = hash;
    this.#times[hash % places] = at;
  }

  /** When a path last changed, if that is known and not after the given time. */
  before(path: PathBytes, time: number): number | undefined {
    const hash = hashOf(path);
    const at = this.#times[hash % places] ?? 0;
    return this.#hashes[hash % places] === hash && at > 0 && at <= time ? at : undefined;
  }
}

/** FNV-1a. */
function hashOf(bytes: Buffer): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < bytes.length; at++)
    hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return hash >>> 0;
}

const places = 65_536;
