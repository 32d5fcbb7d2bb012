import type { PendingRow } from '../../../csync2/database/pending-table.js';
import { saidName } from '../../../csync2/files/name-encoding.js';
import type { PushTranscript } from '../../../csync2/run/push-transcript.js';

/** The input of {@link blamedRows}: a push that has left rows. */
export interface LeftRows<Row extends PendingRow> {
  readonly left: readonly Row[];
  readonly transcript: Pick<PushTranscript, 'tried' | 'hasUpdated' | 'isClosed'>;
  /** Whether the row's file is gone. */
  readonly isGone: (row: Row) => boolean;
}

/**
 * The rows that were left for their own sake. When a file vanishes that csync2 is about to send,
 * csync2 ends or loses step with its peer. The peer has not refused the rows that csync2 had not
 * come to by then, or whose answers it missed afterwards; they are sent again at once.
 *
 * @returns empty if no row is to blame
 */
export function blamedRows<Row extends PendingRow>({
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
