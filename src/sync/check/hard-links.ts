import { fromKey, type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import { statOf } from '../common/stat-of.js';
import type { ChangedEntry, SurveyOptions } from '../common/survey.js';

/** One name of a file that has several. Time in nanoseconds since 1970. */
export interface LinkedFile {
  readonly path: PathBytes;
  readonly device: bigint;
  readonly inode: bigint;
  /** Number of its names, in the trees and elsewhere. */
  readonly links: number;
  readonly ctimeNs: bigint;
}

/** What the other names are found with. */
export interface HardLinksParts {
  /** Included paths that don't lie in one another. */
  readonly roots: readonly PathBytes[];
  readonly survey: (
    paths: readonly PathBytes[],
    options: SurveyOptions,
  ) => Promise<{ readonly changed: readonly ChangedEntry[] }>;
  /** Whether a path may be synchronised. */
  readonly concerns: (path: PathBytes) => boolean;
  /** Has a file checked. */
  readonly recheck: (path: PathBytes) => void;
  readonly onError: (error: unknown) => void;
  /** Names to know at most. */
  readonly limit?: number;
}

/**
 * Has all names of a file checked when it was written to under one of them: inotify tells of that
 * one alone. The names that there are by now are looked for when such a file is changed for the
 * first time; later ones come as changes themselves.
 */
export class HardLinks {
  readonly #parts: HardLinksParts;
  readonly #limit: number;
  readonly #files = new Map<string, Names>();
  readonly #abort = new AbortController();
  #known = 0;
  /** Those whose other names are to be told when all are known. */
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

  /** Resolves when nothing is being looked for. */
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
   * All names of a file are told of once for each state that it is in: each of them comes here as
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
  /** The change that all of them have been told of last, by the inode's ctime. */
  toldNs: bigint | undefined;
}
