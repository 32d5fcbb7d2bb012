import type { Ledger } from '../../csync2/database/ledger.js';
import { type Notes, readNotes, restoreNotes } from '../../csync2/database/notes.js';
import { decodeName, type PathPrefix, realPathOf } from '../../csync2/files/name-encoding.js';
import type { PathBytes } from '../../text/path-bytes.js';
import type { Scope } from '../common/batch.js';
import { isBehindLink, lookAt } from '../common/stat-of.js';
import { whenNotBusy } from '../database/database-window.js';
import type { ClearanceParts } from './clearance.js';

/** The parts of {@link MistakenDeletions}. */
export interface MistakenDeletionsParts {
  /**
   * Undefined if csync2's database can't be read: then the files show, and are sent as they are,
   * when they are in sight.
   */
  readonly ledger: Ledger | undefined;
  readonly prefixes: readonly PathPrefix[];
  readonly guard: ClearanceParts['guard'];
  /** Called with the paths that csync2 had taken for deleted. */
  readonly onRestored?: ((paths: readonly PathBytes[]) => void) | undefined;
}

/**
 * Takes back a check's mistaken deletions of files that are only out of sight, or are there again.
 * Between our look and csync2's own, a disk may have gone, or failed for a moment. csync2's notes
 * and pending rows become what they were. So real changes are found as usual, and peers that change
 * such a file meanwhile meet no mark of ours.
 */
export class MistakenDeletions {
  readonly #parts: MistakenDeletionsParts;

  constructor(parts: MistakenDeletionsParts) {
    this.#parts = parts;
  }

  /** csync2's knowledge of a scope before it looks; undefined if that is too much to keep. */
  before(scope: Scope): Notes | undefined {
    const { ledger, prefixes } = this.#parts;
    return ledger && readNotes(ledger, scope, prefixes, notesMost);
  }

  /**
   * Takes the mistakes back; call it in the same database window.
   *
   * @returns the paths that csync2 had taken for deleted. They must still be checked
   */
  async takeBack(scope: Scope, before: Notes | undefined): Promise<readonly PathBytes[]> {
    const { guard, ledger, onRestored, prefixes } = this.#parts;
    if (!ledger || !before) return [];
    guard?.look();
    // After the check csync2 knows as much as before, at most, except new files.
    const after = readNotes(ledger, scope, prefixes, Number.POSITIVE_INFINITY);
    const paths = new Map<string, PathBytes>();
    for (const name of before.files.keys()) {
      if (after?.files.has(name)) continue;
      const path = realPathOf(decodeName(Buffer.from(name, 'latin1')), prefixes);
      if (path && this.#isMistake(path)) paths.set(name, path);
    }
    if (paths.size === 0) return [];
    // If the database stays locked, the files are sent as they are when they are in sight.
    const isRestored = await whenNotBusy(() => restoreNotes(ledger, [...paths.keys()], before));
    if (!isRestored) return [];
    onRestored?.([...paths.values()]);
    return [...paths.values()];
  }

  #isMistake(path: PathBytes): boolean {
    if (this.#parts.guard?.forbids(path, false)) return true;
    const { kind } = lookAt(path);
    return kind === 'unreadable' || (kind === 'there' && !isBehindLink(path));
  }
}

const notesMost = 50_000;
