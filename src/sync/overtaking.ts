import type { DirtyRow } from '../csync2/ledger.js';

/**
 * Which of many owed files go first, in a push of their own: csync2 sends what it is given in the order of names, so that
 * in a large push a fresh change waits for most of it.
 *
 * Those are the files that became owed since the last push was prepared, if they are few; and those that are (nearly) alone
 * in their directory: a change made in the midst of a copied tree is not to wait because ten thousand files of that
 * tree are newer.
 *
 * @param rows - the newest first
 * @param seenUpTo - the highest rowid when the last push was prepared
 */
export function overtaking(rows: readonly DirtyRow[], seenUpTo: number): DirtyRow[] {
  const fresh = rows.filter((row) => row.rowid > seenUpTo);
  const first = new Set(fresh.length <= most ? fresh : []);
  const inDirectory = new Map<string, DirtyRow[]>();
  for (const row of rows) {
    const directory = row.encoded.toString('latin1', 0, row.encoded.lastIndexOf('/'));
    const others = inDirectory.get(directory);
    if (others) others.push(row);
    else inDirectory.set(directory, [row]);
  }
  const alone = [...inDirectory.values()].filter((each) => each.length <= few);
  for (const row of alone.flat()) if (first.size < most) first.add(row);
  return rows.filter((row) => first.has(row));
}

/** Files of one directory that still count as alone. */
const few = 3;
/** Some tens of files take csync2 little longer than one. */
const most = 50;
