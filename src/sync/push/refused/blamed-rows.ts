import type { DirtyRow } from '../../../csync2/database/ledger.js';
import { saidName } from '../../../csync2/files/name-encoding.js';
import type { PushTranscript } from '../../../csync2/run/push-transcript.js';

/** The input of {@link blamedRows}: a push that has left rows. */
export interface LeftRows<Row extends DirtyRow> {
  readonly left: readonly Row[];
  readonly transcript: Pick<PushTranscript, 'tried' | 'hasUpdated' | 'isClosed'>;
  /** Whether nothing is there any more where a row stands for. */
  readonly isGone: (row: Row) => boolean;
}

/**
 * The rows that were left for their own sake. csync2 ends, or loses step with its peer, when a file
 * vanishes that it is about to send: what it had not come to by then, or asked about in vain
 * afterwards, has been refused by nobody, and is sent again at once.
 *
 * @returns empty if there is nobody to blame
 */
export function blamedRows<Row extends DirtyRow>({
  left,
  transcript,
  isGone,
}: LeftRows<Row>): readonly Row[] {
  const rows = new Map(left.map((row) => [saidName(row), row]));
  const blamed: Row[] = [];
  for (const name of transcript.tried) {
    const row = rows.get(name);
    if (!row) continue;
    const hasVanished = transcript.hasUpdated(name) && isGone(row);
    if (!hasVanished) blamed.push(row);
    if (!transcript.isClosed) break;
  }
  return blamed;
}
