import { fromKey, hasAncestorIn, type PathBytes, type PathKey, toKey } from '../path-bytes.js';

/**
 * Which paths have been handed to a check since a certain moment. A lane that took its rows at that moment must not
 * take these paths off the debt afterwards: the check may have marked them again.
 */
export class CheckJournal {
  #entries: Entry[] = [];
  #ticket = 0;
  readonly #marks = new Set<Mark>();

  /** Notes a check before it starts. The returned function is called when it has ended. */
  begin(paths: readonly PathBytes[], recursive: boolean): () => void {
    const entry: Entry = {
      ticket: ++this.#ticket,
      paths: new Set(paths.map(toKey)),
      recursive,
      running: true,
    };
    this.#entries.push(entry);
    return () => {
      entry.running = false;
      this.#forget();
    };
  }

  /** The moment now, to be given to {@link checkedSince} later and to {@link release} in the end. */
  mark(): Mark {
    // A check that is still running may commit its marks after this moment: it counts as begun later.
    const running = this.#entries.find((entry) => entry.running);
    const mark = { ticket: running ? running.ticket - 1 : this.#ticket };
    this.#marks.add(mark);
    return mark;
  }

  release(mark: Mark): void {
    this.#marks.delete(mark);
    this.#forget();
  }

  /** A test of real paths: has this one been checked since the mark, alone or with a tree above it? */
  checkedSince(mark: Mark): (path: PathBytes) => boolean {
    const later = this.#entries.filter((entry) => entry.ticket > mark.ticket);
    return (path) => {
      const key = toKey(path);
      return later.some(
        (entry) => entry.paths.has(key) || (entry.recursive && hasAncestorIn(key, entry.paths)),
      );
    };
  }

  /** What has been handed to a check since the mark. */
  since(mark: Mark): { readonly files: readonly PathBytes[]; readonly trees: readonly PathBytes[] } {
    const later = this.#entries.filter((entry) => entry.ticket > mark.ticket);
    const paths = (recursive: boolean) =>
      [
        ...new Set(
          later.filter((entry) => entry.recursive === recursive).flatMap((entry) => [...entry.paths]),
        ),
      ].map(fromKey);
    return { files: paths(false), trees: paths(true) };
  }

  #forget(): void {
    const oldest = Math.min(this.#ticket, ...[...this.#marks].map((mark) => mark.ticket));
    this.#entries = this.#entries.filter((entry) => entry.running || entry.ticket > oldest);
  }
}

/** A moment in the journal. */
export interface Mark {
  readonly ticket: number;
}

interface Entry {
  readonly ticket: number;
  readonly paths: ReadonlySet<PathKey>;
  readonly recursive: boolean;
  running: boolean;
}
