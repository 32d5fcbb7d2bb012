import { DirectoryKeys } from '../../text/directory-keys.js';
import { type PathKey, toKey } from '../../text/path-bytes.js';
import type { Batch } from '../common/batch.js';

/**
 * What periodic full checks have found that the watcher had not reported: the number that must stay
 * 0. A change that happens while such a check runs is found by both, so what the watcher reports
 * meanwhile, and a moment longer, is set against what the check finds. If that is very much, the
 * check is not judged: it is kept in memory.
 */
export class DetectedLate {
  #count = 0;
  #paths: string[] = [];
  #pass: Pass | undefined;

  get count(): number {
    return this.#count;
  }

  /** The last of them. */
  get paths(): readonly string[] {
    return this.#paths;
  }

  /** A periodic full check begins. */
  begin(): void {
    this.#pass = { files: new Set(), trees: new DirectoryKeys(), bytes: 0 };
  }

  /** The watcher has reported these. */
  reported(batch: Batch): void {
    const pass = this.#pass;
    if (!pass) return;
    for (const path of batch.files) pass.files.add(toKey(path));
    for (const path of batch.trees) pass.trees.add(toKey(path));
    for (const path of [...batch.files, ...batch.trees]) pass.bytes += path.length;
    if (pass.bytes > bytesKept) this.#pass = undefined;
  }

  /**
   * A full check has ended, and everything that the watcher had seen by then has been reported.
   *
   * @param found - real paths, one character a byte
   * @returns those that the watcher had not reported
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
  /** Of all names that have been reported. */
  bytes: number;
}

const pathsKept = 20;
const bytesKept = 32 * 1024 * 1024;
