import type { NoteTable } from '../../csync2/database/note-table.js';
import type { MountMemory } from '../guard/mount-memory.js';
import type { NoteHistory } from '../memory/note-history.js';

/**
 * The parts of {@link NotedArrivals}, which finds files that have arrived and are noted as they
 * are.
 */
export interface NotedArrivalsParts {
  readonly noteTable: Pick<NoteTable, 'lastRow' | 'after'>;
  readonly notes: NoteHistory;
  readonly memory: MountMemory;
  /** Called with names as csync2 has them, one character a byte. */
  readonly onNoted: (name: string) => void;
}

/**
 * Finds in csync2's database the files that sessions have noted while a place is away. We check
 * nothing there, so every new note is of a received file. This is for a server that others run,
 * because any user can write into its log.
 */
export class NotedArrivals {
  readonly #parts: NotedArrivalsParts;
  /** The last row that has been looked at; undefined if no place is away. */
  #row: number | undefined;
  readonly #own = new Set<string>();

  constructor(parts: NotedArrivalsParts) {
    this.#parts = parts;
    this.#row = parts.memory.lastRowInSight;
  }

  /**
   * A place has gone. `seenAt`: when it was last seen in this run, in milliseconds since 1970; the
   * present if it was not seen.
   */
  gone(seenAt = Date.now()): void {
    if (this.#row !== undefined) return;
    const { memory, notes, noteTable } = this.#parts;
    this.#row = notes.highestAt(seenAt) ?? noteTable.lastRow();
    memory.lastRowInSight = this.#row;
  }

  /** Looks for what has been noted since the last call. */
  look(): void {
    if (this.#row === undefined) return;
    const { noteTable, onNoted } = this.#parts;
    const found = noteTable.after(this.#row);
    for (const { row, name } of found) {
      const key = name.toString('latin1');
      if (!this.#own.delete(key)) onNoted(key);
      this.#row = row;
    }
  }

  /** The next note of each of these names is our own. */
  expectOwn(names: readonly string[]): void {
    for (const name of names) this.#own.add(name);
  }

  /** Every place is there. */
  end(): void {
    this.#row = undefined;
    this.#own.clear();
    this.#parts.memory.lastRowInSight = undefined;
  }
}
