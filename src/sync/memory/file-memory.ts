import type { PathBytes } from '../../text/path-bytes.js';
import { changedAt, type FileStamp } from './file-stamp.js';

/**
 * What files were like when csync2 last saw them, or when a peer's session had finished them:
 * inode, size, and the times of content and inode to the nanosecond. csync2 itself compares size
 * and whole seconds, so any other difference is a change that csync2 would overlook for ever.
 *
 * Keeps 16 bytes a file (two digests), so that a million files take 32 MB. If a file is forgotten,
 * it is unknown whether csync2 has seen it. Then the file is marked once more, which costs a
 * comparison with the peers and no transfer.
 *
 * Only changes since the last full check began need to be known. So there are two generations, and
 * the older one is dropped when a full check has succeeded.
 */
export class FileMemory {
  /** Since when files are remembered, in milliseconds since 1970. */
  readonly since = Date.now();
  readonly #limit: number;
  readonly #seed: number;
  #young: Digests;
  #old: Digests;

  /** @param limit - the most files to remember, in each generation */
  constructor(limit = 1_000_000, seed = Math.floor(Math.random() * 2 ** 31)) {
    this.#limit = limit;
    this.#seed = seed;
    this.#young = new Digests(limit);
    this.#old = new Digests(0);
  }

  /** Number of files that are remembered; some may be counted twice. */
  get size(): number {
    return this.#young.size + this.#old.size;
  }

  /** Remembers what a file was like just before csync2 looked at it. */
  remember(path: PathBytes, stamp: FileStamp): void {
    this.#young.set(digest(path, this.#seed), this.#digestOf(stamp));
  }

  /** Whether the file is as it was when csync2 saw it; undefined if that is unknown. */
  isSame(path: PathBytes, stamp: FileStamp): boolean | undefined {
    return this.#isEqual(digest(path, this.#seed), stamp);
  }

  /**
   * Remembers what a file was like when it had been touched. That does not mean that csync2 has
   * seen it: a write may have happened since, whose event is still to come.
   */
  rememberTouched(path: PathBytes, stamp: FileStamp): void {
    this.#young.set(digest(path, ~this.#seed), this.#digestOf(stamp));
  }

  /**
   * Whether the file is as it was when it had been touched, so that its events have reported all
   * its changes.
   */
  isSameAsTouched(path: PathBytes, stamp: FileStamp): boolean {
    return this.#isEqual(digest(path, ~this.#seed), stamp) ?? false;
  }

  /**
   * Remembers what a file was like when it was marked. csync2 sends it as it is then, or later.
   *
   * @param now - a time before the mark, in milliseconds since 1970
   */
  rememberMarked(path: PathBytes, stamp: FileStamp, now = Date.now()): void {
    // A write within one tick of the kernel's clock leaves the times as they are.
    if (changedAt(stamp) + tickMilliseconds < now)
      this.#young.set(digest(path, this.#seed ^ 1), this.#digestOf(stamp));
  }

  /**
   * Whether no one has written to the file since it was marked. A process that closes the file now
   * has not written to it.
   */
  isSameAsMarked(path: PathBytes, stamp: FileStamp): boolean {
    return this.#isEqual(digest(path, this.#seed ^ 1), stamp) ?? false;
  }

  #isEqual(key: Digest, stamp: FileStamp): boolean | undefined {
    const remembered = this.#young.get(key) ?? this.#old.get(key);
    return remembered && isEqual(remembered, this.#digestOf(stamp));
  }

  /** A full check begins. */
  fullCheckBegun(): void {
    // Everything is still needed of a full check that was not finished.
    if (this.#old.size > 0) return;
    this.#old = this.#young;
    this.#young = new Digests(this.#limit);
  }

  /** The full check has looked at everything. */
  fullCheckDone(): void {
    this.#old = new Digests(0);
  }

  #digestOf({ inode, size, mtimeNs, ctimeNs }: FileStamp): Digest {
    return digest(Buffer.from(`${inode} ${size} ${mtimeNs} ${ctimeNs}`, 'latin1'), this.#seed);
  }
}

/** 64 bits, as two numbers of 32; never both 0. */
type Digest = readonly [number, number];

function isEqual(one: Digest, other: Digest): boolean {
  return one[0] === other[0] && one[1] === other[1];
}

/** Two sums of the kind of FNV-1a with final mixing (MurmurHash3), from a secret seed. */
function digest(bytes: Uint8Array, seed: number): Digest {
  let one = seed ^ 0x811c9dc5;
  let two = seed ^ 0x1b873593;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    one = Math.imul(one ^ byte, 0x01000193);
    two = Math.imul(two ^ byte, 0x5bd1e995) ^ (two >>> 15);
  }
  const high = mix(one ^ bytes.length);
  return [high, mix(two ^ high) | (high === 0 ? 1 : 0)];
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) | 0;
}

/**
 * A table of digests by digest, open addressing, in typed arrays. Digests that don't fit any more
 * are not kept.
 */
class Digests {
  readonly #limit: number;
  #slots = new Int32Array(0);
  #size = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#size;
  }

  get(key: Digest): Digest | undefined {
    if (this.#size === 0) return undefined;
    const at = this.#find(key);
    return this.#isFree(at)
      ? undefined
      : [this.#slots[at + 2] as number, this.#slots[at + 3] as number];
  }

  set(key: Digest, value: Digest): void {
    if ((this.#size + 1) * slotWords * 2 > this.#slots.length) this.#grow();
    const at = this.#find(key);
    if (this.#isFree(at)) {
      if (this.#size >= this.#limit) return;
      this.#size++;
    }
    this.#slots.set([...key, ...value], at);
  }

  /** The slot of the key, or the free slot for it. */
  #find([high, low]: Digest): number {
    const mask = this.#slots.length / slotWords - 1;
    for (let slot = low & mask; ; slot = (slot + 1) & mask) {
      const at = slot * slotWords;
      if (this.#isFree(at) || (this.#slots[at] === high && this.#slots[at + 1] === low)) return at;
    }
  }

  #isFree(at: number): boolean {
    return this.#slots[at] === 0 && this.#slots[at + 1] === 0;
  }

  #grow(): void {
    const before = this.#slots;
    this.#slots = new Int32Array(Math.max(1024 * slotWords, before.length * 2));
    for (let at = 0; at < before.length; at += slotWords) {
      const key = [before[at] as number, before[at + 1] as number] as const;
      if (key[0] !== 0 || key[1] !== 0)
        this.#slots.set(before.subarray(at, at + slotWords), this.#find(key));
    }
  }
}

const slotWords = 4;
/** More than one tick, by which an inode's times may lag (HZ=100 at the slowest). */
const tickMilliseconds = 20;
