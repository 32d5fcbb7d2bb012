import { type FSWatcher, watch } from 'node:fs';
import { basename, dirname } from 'node:path';

/**
 * Reports when one of some files may have changed. Watches their directories, because editors
 * replace files, and waits until an edit has settled.
 */
export class ConfigWatch {
  readonly #onChange: () => void;
  #watchers: FSWatcher[] = [];
  #timer: NodeJS.Timeout | undefined;

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Watches these files instead of the previous ones. */
  follow(files: readonly string[]): void {
    this.#closeWatchers();
    const names = new Map<string, Set<string>>();
    for (const file of files) {
      const directory = dirname(file);
      names.set(directory, (names.get(directory) ?? new Set()).add(basename(file)));
    }
    for (const [directory, wanted] of names) this.#watchDirectory(directory, wanted);
  }

  /**
   * Forgets changes that were noticed and not reported yet, because the files are about to be read
   * anyway.
   */
  dismiss(): void {
    clearTimeout(this.#timer);
  }

  close(): void {
    this.#closeWatchers();
    this.dismiss();
  }

  #watchDirectory(directory: string, wanted: ReadonlySet<string>): void {
    const watcher = watch(directory, { persistent: false }, (_event, name) => {
      if (name !== null && !wanted.has(name)) return;
      clearTimeout(this.#timer);
      this.#timer = setTimeout(this.#onChange, settleMilliseconds).unref();
    });
    // A directory that vanishes takes the file with it. The next reload reports that.
    watcher.on('error', () => watcher.close());
    this.#watchers.push(watcher);
  }

  #closeWatchers(): void {
    for (const watcher of this.#watchers) watcher.close();
    this.#watchers = [];
  }
}

const settleMilliseconds = 300;
