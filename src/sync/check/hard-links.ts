import { fromKey, type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import { statOf } from '../common/stat-of.js';
import type { ChangedEntry, SurveyOptions } from '../common/survey.js';

/** One name of a file that has several. Time in nanoseconds since 1970. */
export interface LinkedFile {
  readonly path: PathBytes;
  readonly device: bigint;
  readonly inode: bigint;
  /** Number of the file's names, in the trees and elsewhere. */
  readonly links: number;
  readonly ctimeNs: bigint;
}

/** The parts of {@link HardLinks}. */
export interface HardLinksParts {
  /** Included paths; none lies within another. */
  readonly roots: readonly PathBytes[];
  readonly survey: (
    paths: readonly PathBytes[],
    options: SurveyOptions,
  ) => Promise<{ readonly changed: readonly ChangedEntry[] }>;
  /** Whether a path may be synchronised. */
  readonly concerns: (path: PathBytes) => boolean;
  /** Asks for a check of a file. */
  readonly recheck: (path: PathBytes) => void;
  readonly onError: (error: unknown) => void;
  /** The most names to keep. */
  readonly limit?: number;
}

/**
 * Asks for a check of all names of a file that was written under one of them, because inotify
 * reports only that one. The present names are searched for when such a file changes for the first
 * time; later names come as changes themselves.
 */
export class HardLinks {
  readonly #parts: HardLinksParts;
  readonly #limit: number;
  readonly #files = new Map<string, Names>();
  readonly #abort = new AbortController();
  #known = 0;
  /** Files whose other names are reported when all names are known. */
  #waiting: LinkedFile[] = [];
  #search: Promise<void> | undefined;
  #isComplete = false;

  constructor(parts: HardLinksParts) {
    this.#parts = parts;
    this.#limit = parts.limit ?? 100_000;
  }

  /** A name of a file has been seen. */
  seen({ path, device, inode, links }: LinkedFile): void {
    if (links < 2 || this.#known >= this.#limit) return;
    const id = `${device}:${inode}`;
    const names = this.#files.get(id) ?? { paths: new Set(), toldNs: undefined };
    this.#files.set(id, names);
    const before = names.paths.size;
    names.paths.add(toKey(path));
    this.#known += names.paths.size - before;
  }

  /** A file has been changed under this name. */
  changed(file: LinkedFile): void {
    if (file.links < 2 || this.#abort.signal.aborted) return;
    this.seen(file);
    if (this.#isComplete) this.#tell(file);
    else {
      if (this.#waiting.length < this.#limit) this.#waiting.push(file);
      this.#search ??= this.#find().finally(() => {
        this.#search = undefined;
      });
    }
  }

  /** Resolves when no search runs. */
  async rest(): Promise<void> {
    await this.#search;
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#search;
  }

  async #find(): Promise<void> {
    const { signal } = this.#abort;
    try {
      const how = { recursive: true, changedSince: 0n, linkedOnly: true, signal };
      const { changed } = await this.#parts.survey(this.#parts.roots, how);
      for (const entry of changed) this.seen(entry);
      this.#isComplete = true;
      const waiting = this.#waiting;
      this.#waiting = [];
      for (const file of waiting) this.#tell(file);
    } catch (error) {
      if (!signal.aborted) this.#parts.onError(error);
    }
  }

  /**
   * Reports all names of a file once for each state of the file, because each name comes here as
   * changed itself.
   */
  #tell({ path, device, inode, ctimeNs }: LinkedFile): void {
    const names = this.#files.get(`${device}:${inode}`);
    if (!names || names.toldNs === ctimeNs) return;
    names.toldNs = ctimeNs;
    const own = toKey(path);
    for (const key of names.paths) {
      const other = fromKey(key);
      const stat = statOf(other);
      const isSame = stat?.isFile() && stat.dev === device && stat.ino === inode;
      if (!isSame) {
        names.paths.delete(key);
        this.#known--;
      } else if (key !== own && this.#parts.concerns(other)) this.#parts.recheck(other);
    }
  }
}

interface Names {
  readonly paths: Set<PathKey>;
  /** The last change that was reported for all names, by the inode's ctime. */
  toldNs: bigint | undefined;
}
