import { isLocked } from '../../csync2/database/connection.js';
import type { Ledger } from '../../csync2/database/ledger.js';
import type { PendingRow } from '../../csync2/database/pending-table.js';
import { mergePush } from '../../csync2/database/private-database.js';
import { saidName } from '../../csync2/files/name-encoding.js';
import type { CheckJournal, Checkpoint } from '../database/check-journal.js';
import type { Pushed } from './pusher.js';
import type { PendingFiles } from './slice/pending-files.js';
import type { ContestedVersions } from './versions/contested-versions.js';
import type { SentVersions } from './versions/sent-versions.js';
import type { UncertainRows } from './versions/uncertain-rows.js';

/** The parts of {@link Merge}. */
export interface MergeParts {
  readonly peer: string;
  readonly ledger: Ledger;
  readonly journal: CheckJournal;
  readonly files: PendingFiles;
  readonly versions: SentVersions;
  readonly uncertain: UncertainRows;
  readonly contested: ContestedVersions;
}

/**
 * Writes the result of one push into csync2's own database. A file stays pending if it was checked
 * during the push, or if it may have changed while it was sent.
 */
export class Merge {
  readonly #parts: MergeParts;
  readonly #pushed: Pushed;
  readonly #checkpoint: Checkpoint;
  readonly #uncertain: ReadonlySet<string>;

  /** @param checkpoint - the moment at which the sent rows were copied */
  constructor(parts: MergeParts, pushed: Pushed, checkpoint: Checkpoint) {
    this.#parts = parts;
    this.#pushed = pushed;
    this.#checkpoint = checkpoint;
    const uncertain = pushed.outcome.sent.filter((row) => this.#isUncertain(row));
    this.#uncertain = new Set(uncertain.map(keyOf));
  }

  /**
   * Call it in a database window.
   *
   * @returns whether it is done; it is not while the database is locked
   */
  try(): boolean {
    const { contested, files, journal, ledger, peer } = this.#parts;
    const { outcome } = this.#pushed;
    const { sent, missingOnPeer, certificates } = outcome;
    const marks = missingOnPeer.length + (outcome.needParents?.length ?? 0);
    if (sent.length + marks + certificates.length === 0) return true;
    const isChecked = journal.mayBeMarkedSince(this.#checkpoint);
    try {
      const isCheckedMeanwhile = (encoded: Buffer) => {
        const path = files.path(encoded);
        return path !== undefined && (isChecked(path) || this.#uncertain.has(keyOf({ encoded })));
      };
      mergePush(ledger, peer, outcome, isCheckedMeanwhile);
      contested.yield(outcome.later ?? []);
      return true;
    } catch (error) {
      if (isLocked(error)) return false;
      throw error;
    }
  }

  #isUncertain(row: PendingRow): boolean {
    const { files, uncertain, versions } = this.#parts;
    const path = files.path(row.encoded);
    if (path === undefined) return false;
    // csync2 sent a file that existed for a moment only. No check will find a change, because the
    // file is gone as it was before.
    const isUpdated = this.#pushed.transcript.hasUpdated(saidName(row));
    const isPast = isUpdated && files.look(row.encoded) === 'gone';
    if (isPast || versions.isUncertain(row)) return uncertain.sent(path);
    uncertain.certain(path);
    return false;
  }
}

function keyOf({ encoded }: Pick<PendingRow, 'encoded'>): string {
  return encoded.toString('latin1');
}
