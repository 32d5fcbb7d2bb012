import { DirectoryKeys } from '../../text/directory-keys.js';
import { fromKey, type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import type { Scope } from '../common/batch.js';

/**
 * Which paths a check has marked, or may have marked, since a certain moment. A lane that took its
 * rows at that moment must not remove these paths from what is pending afterwards.
 */
export class CheckJournal {
  #entries: Entry[] = [];
  #ticket = 0;
  readonly #checkpoints = new Set<Checkpoint>();

  /**
   * Notes a check before it starts. The returned function is called when it has ended, with what it
   * has marked; without, if that is not known.
   */
  begin(paths: readonly PathBytes[], recursive: boolean): (marked?: readonly PathBytes[]) => void {
    const entry: Entry = {
      ticket: ++this.#ticket,
      paths: new Set(paths.map(toKey)),
      recursive,
      running: true,
      marked: undefined,
    };
    this.#entries.push(entry);
    return (marked) => {
      entry.running = false;
      entry.marked = marked && new Set(marked.map(toKey));
      this.#forget();
    };
  }

  /**
   * The moment now, to be given to {@link mayBeMarkedSince} later and to {@link release} in the
   * end.
   */
  checkpoint(): Checkpoint {
    // A check that is still running may commit its marks after this moment: it counts as begun
    // later.
    const running = this.#entries.find((entry) => entry.running);
    const checkpoint = { ticket: running ? running.ticket - 1 : this.#ticket };
    this.#checkpoints.add(checkpoint);
    return checkpoint;
  }

  release(checkpoint: Checkpoint): void {
    this.#checkpoints.delete(checkpoint);
    this.#forget();
  }

  /**
   * A test of real paths: has a check marked this one since the checkpoint? Where that is not
   * known, because a check runs or has been cut short: has it been checked, alone or with a tree
   * above it?
   */
  mayBeMarkedSince(checkpoint: Checkpoint): (path: PathBytes) => boolean {
    const later = this.#entries
      .filter((entry) => entry.ticket > checkpoint.ticket)
      .map(({ marked, paths, recursive }) => {
        const trees = new DirectoryKeys(recursive && !marked ? paths : []);
        return (key: PathKey) => (marked ? marked.has(key) : paths.has(key) || trees.areAbove(key));
      });
    return (path) => {
      const key = toKey(path);
      return later.some((isMarked) => isMarked(key));
    };
  }

  /**
   * What checks have marked since the checkpoint: much less than what they were given, on a host
   * that receives. Where that is not known, because a check runs or has been cut short, it is all
   * that the check was given.
   */
  markedSince(checkpoint: Checkpoint): Scope {
    const [files, trees] = [new Set<PathKey>(), new Set<PathKey>()];
    for (const entry of this.#entries) {
      if (entry.ticket <= checkpoint.ticket) continue;
      const target = entry.recursive && !entry.marked ? trees : files;
      for (const key of entry.marked ?? entry.paths) target.add(key);
    }
    return { files: [...files].map(fromKey), trees: [...trees].map(fromKey) };
  }

  /** What has been marked since the first checkpoint that is not released. */
  markedSinceFirst(): Scope {
    const first = [...this.#checkpoints].sort((one, other) => one.ticket - other.ticket)[0];
    return first ? this.markedSince(first) : { files: [], trees: [] };
  }

  #forget(): void {
    let oldest = this.#ticket;
    for (const { ticket } of this.#checkpoints) oldest = Math.min(oldest, ticket);
    this.#entries = this.#entries.filter((entry) => entry.running || entry.ticket > oldest);
  }
}

/** A moment in the journal. */
export interface Checkpoint {
  readonly ticket: number;
}

interface Entry {
  readonly ticket: number;
  readonly paths: ReadonlySet<PathKey>;
  readonly recursive: boolean;
  running: boolean;
  /** Undefined while it is not known. */
  marked: ReadonlySet<PathKey> | undefined;
}
