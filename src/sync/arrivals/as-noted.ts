import type { NoteTable } from '../../csync2/database/note-table.js';
import type { PathBytes } from '../../text/path-bytes.js';
import { lookAt } from '../common/stat-of.js';

/** Whether a file is as csync2 has noted it, as far as size and time tell. */
export function isAsNoted(path: PathBytes, notes: Pick<NoteTable, 'of'> | undefined): boolean {
  const sight = lookAt(path);
  const noted = notes?.of(path);
  if (sight.kind !== 'there' || !noted) return false;
  const { size, mtimeNs } = sight.stat;
  const isSameSize = noted.size === undefined || BigInt(noted.size) === size;
  return (
    isSameSize &&
    (noted.mtimeSeconds === undefined || BigInt(noted.mtimeSeconds) === mtimeNs / second)
  );
}

/**
 * Whether a file is there and has not changed since a moment, in milliseconds since 1970, or
 * shortly before it: what had changed by then has been checked.
 */
export function isUnchangedSince(path: PathBytes, time: number): boolean {
  const sight = lookAt(path);
  return sight.kind === 'there' && Number(sight.stat.ctimeMs) < time - shortlyMilliseconds;
}

const second = 1_000_000_000n;
const shortlyMilliseconds = 2000;
