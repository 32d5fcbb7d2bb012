import { DirectoryKeys } from '../../text/directory-keys.js';
import { type PathKey, toKey } from '../../text/path-bytes.js';
import type { Batch } from '../common/batch.js';

/**
 * The changes that regular full checks have found and the watcher had not reported. Their number
 * must stay 0. Both find a change that happens during such a check, so the watcher's reports of
 * that time, and of a moment longer, are subtracted from the check's findings. The reports are kept
 * in memory; a check with too many of them is not judged.
 */
export class DetectedLate {
  #count = 0;
  #paths: string[] = [];
  #pass: Pass | undefined;

  get count(): number {
    return this.#count;
  }

  /** The last of the paths found late. */
  get paths(): readonly string[] {
    return this.#paths;
  }

  /** A regular full check begins. */
  begin(): void {
    this.#pass = { files: new Set(), trees: new DirectoryKeys(), bytes: 0 };
  }

  /** The watcher has reported these paths. */
  reported(batch: Batch): void {
    const pass = this.#pass;
    if (!pass) return;
    for (const path of batch.files) pass.files.add(toKey(path));
    for (const path of batch.trees) pass.trees.add(toKey(path));
    for (const path of [...batch.files, ...batch.trees]) pass.bytes += path.length;
    if (pass.bytes > bytesKept) this.#pass = undefined;
  }

  /**
   * A full check has ended, and all events up to then have been reported.
   *
   * @param found - real paths, one character a byte
   * @returns the paths that the watcher had not reported
   */
  end(found: readonly PathKey[]): readonly PathKey[] {
    const pass = this.#pass;
    this.#pass = undefined;
    if (!pass) return [];
    const late = found.filter(
      (key) => !pass.files.has(key) && !pass.trees.has(key) && !pass.trees.areAbove(key),
    );
    this.#count += late.length;
    this.#paths = [...this.#paths, ...late].slice(-pathsKept);
    return late;
  }
}

interface Pass {
  readonly files: Set<PathKey>;
  readonly trees: DirectoryKeys;
  /** The size of all reported names. */
  bytes: number;
}

const pathsKept = 20;
const bytesKept = 32 * 1024 * 1024;
