import { DirectoryKeys } from '../../text/directory-keys.js';
import { fromKey, type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import type { Scope } from '../common/batch.js';

/**
 * The paths that a check has marked, or may have marked, since a certain moment. A lane that took
 * its rows at that moment must not remove these paths from the pending ones later.
 */
export class CheckJournal {
  #entries: Entry[] = [];
  #ticket = 0;
  readonly #checkpoints = new Set<Checkpoint>();

  /**
   * Notes a check before it starts. Call the returned function after the check, with the marked
   * paths, or without any if they are unknown.
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
   * The present moment. Pass it to {@link mayBeMarkedSince} later, and to {@link release} in the
   * end.
   */
  checkpoint(): Checkpoint {
    // A check that is still running may commit its marks after this moment, so it counts as begun
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
   * Returns a test of real paths: whether a check has marked a path since the checkpoint. If that
   * is unknown, because a check runs or has been cut short, the test is whether the path was given
   * to a check, alone or with a tree above it.
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
   * The paths that checks have marked since the checkpoint. On a host that receives these are far
   * fewer than the checked paths. If the marks are unknown, because a check runs or has been cut
   * short, all paths of that check.
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

  /** The paths that were marked since the first checkpoint that is not released. */
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
  /** Undefined while the marks are unknown. */
  marked: ReadonlySet<PathKey> | undefined;
}
