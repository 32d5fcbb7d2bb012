import type { PendingRow } from '../../../csync2/database/pending-table.js';
import { fairShare } from '../../common/fair-share.js';
import { aloneInDirectory, mostAhead } from '../../common/lone-files.js';

/**
 * Which of many pending files go first, in a push of their own. csync2 sends the rows of a push in
 * the order of names, so a fresh change would wait for most of a large push.
 *
 * The first files are those that became pending after the last push was prepared, if they are few;
 * and those that are (nearly) alone in their directory. A change made while a tree is copied must
 * not wait because ten thousand files of that tree are newer.
 *
 * @param rows - the newest first
 * @param seenUpTo - the highest rowid when the last push was prepared
 */
export function priorityRows(rows: readonly PendingRow[], seenUpTo: number): PendingRow[] {
  const fresh = rows.filter((row) => row.rowid > seenUpTo);
  const first = new Set(fresh.length <= mostAhead ? fresh : []);
  const alone = aloneInDirectory(rows, ({ encoded }) =>
    encoded.toString('latin1', 0, encoded.lastIndexOf(slash)),
  );
  const room = mostAhead - first.size;
  const others = alone.filter((row) => !first.has(row));
  for (const row of fairShare(others, room, ({ encoded }) => encoded.toString('latin1')))
    first.add(row);
  return rows.filter((row) => first.has(row));
}

const slash = 0x2f;
