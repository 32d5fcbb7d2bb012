import type { CursorFile, CursorState, QueuePosition } from './cursor.js';
import { type Files, openOwn } from './files.js';
import { scanSegment } from './scan.js';
import { listSegments, SegmentWriter, segmentPath } from './segment.js';
import { UnreadEntries } from './unread.js';

/** The result of `recover`. */
export interface Recovered {
  /** All records before the position are done. The position lies in an existing segment. */
  readonly position: QueuePosition;
  /** Bytes of whole records in each segment from `position` on. */
  readonly sizes: Map<number, number>;
  readonly writer: SegmentWriter;
  /** Sequence number of the next record to be written. */
  readonly sequence: number;
  readonly unread: UnreadEntries;
  readonly pending: number;
  readonly unclean: boolean;
  /** Why something may be missing; empty if nothing is. */
  readonly reasons: readonly string[];
}

/**
 * Finds the places to go on reading and writing: reads all records that are not done, cuts a torn
 * tail, and gives the reasons why something may be missing (`unwritten`: see QueueOptions). Throws
 * an ErrnoException if the files can't be opened.
 */
export function recover(
  files: Files,
  file: string,
  cursor: CursorFile,
  unwritten: 'lost' | 'none' = 'lost',
): Recovered {
  const found = cursor.found;
  const reasons = cursorReasons(cursor, unwritten);
  const all = listSegments(files, file);
  if (!found && all.length === 0) reasons.splice(0, reasons.length, 'the queue is new');
  const start = found?.position ?? {
    segment: all[0] ?? 1,
    offset: 0,
    sequence: all.length > 0 ? 0 : 1,
  };
  const segments = all.filter((number) => number >= start.segment);
  for (const reason of missingSegments(found, start, segments)) reasons.push(reason);

  const unread = new UnreadEntries();
  const sizes = new Map<number, number>();
  let position =
    segments[0] === start.segment
      ? start
      : { ...start, segment: segments[0] ?? start.segment + 1, offset: 0 };
  if (all.length === 0 && !found) position = start;
  let sequence = position.sequence;
  let pending = 0;
  let badLines = 0;
  let lastIsWhole = true;
  for (const segment of segments) {
    const fd = openOwn(files, segmentPath(file, segment), 'read');
    try {
      const { size } = files.stat(fd);
      const offset = segment === position.segment ? Math.min(position.offset, size) : 0;
      if (segment === position.segment && position.offset > size) {
        reasons.push(`segment ${segment} is shorter than what was read of it`);
        position = { ...position, offset };
      }
      let end = offset;
      for (const item of scanSegment(files, fd, { segment, offset, sequence }, size)) {
        if (item.kind !== 'record') {
          badLines += 1;
          if (badLines === 1) reasons.push(item.text);
          continue;
        }
        if (position.sequence === 0) position = { ...position, sequence: item.record.sequence };
        sequence = item.after.sequence;
        end = item.after.offset;
        pending += 1;
        unread.add(item.record.entry, item.record.sequence);
      }
      lastIsWhole = end === 0 || endsWithNewline(files, fd, end);
      // Bad lines after the last good record of the last segment are its torn tail, and are cut.
      sizes.set(segment, segment === segments.at(-1) ? end : size);
    } finally {
      files.close(fd);
    }
  }
  if (badLines > 1) reasons.push(`${badLines} bad places in all`);
  sequence = Math.max(sequence, 1);
  const last = segments.at(-1);
  if (found && last !== undefined) {
    const end = { segment: last, offset: sizes.get(last) ?? 0, sequence };
    for (const reason of endReasons(found, end)) reasons.push(reason);
  }
  const writer =
    last !== undefined && lastIsWhole
      ? SegmentWriter.continue(files, file, last, sizes.get(last) ?? 0)
      : SegmentWriter.create(files, file, last === undefined ? position.segment : last + 1);
  sizes.set(writer.number, writer.end);
  // This also skips bad lines.
  if (pending === 0) position = { segment: writer.number, offset: writer.end, sequence };
  const unclean = found !== undefined && found.stop !== 'clean';
  return { position, sizes, writer, sequence, unread, pending, unclean, reasons };
}

/** Removes the segments before `number`; their records are done. */
export function removeSegmentsBefore(files: Files, file: string, number: number): void {
  for (const segment of listSegments(files, file)) {
    if (segment < number) files.unlink(segmentPath(file, segment));
  }
}

function cursorReasons({ health, found }: CursorFile, unwritten: 'lost' | 'none'): string[] {
  const reasons: string[] = [];
  const isUnclean = found !== undefined && found.stop !== 'clean';
  if (isUnclean && unwritten === 'lost') reasons.push('the last run did not stop cleanly');
  else if (found?.stop === 'aside')
    reasons.push('changes waiting for a retry were lost with the last run');
  if (health === 'one slot') reasons.push('one half of the cursor is damaged');
  if (health === 'none' || health === 'absent') reasons.push('the cursor is lost');
  return reasons;
}

function missingSegments(
  found: CursorState | undefined,
  start: QueuePosition,
  segments: readonly number[],
): string[] {
  const reasons: string[] = [];
  let expected = start.segment;
  for (const segment of segments) {
    if (segment !== expected) reasons.push(`segment ${expected} is missing`);
    expected = segment + 1;
  }
  if (found && segments.length === 0) reasons.push(`segment ${start.segment} is missing`);
  return reasons;
}

/**
 * The reasons if the log does not end where the last run left it. A run that did not stop cleanly
 * may have gone on from there.
 */
function endReasons({ end, stop }: CursorState, found: QueuePosition): string[] {
  if (found.sequence < end.sequence) {
    return [`records ${found.sequence} to ${end.sequence - 1} are missing at the end`];
  }
  const isThere =
    found.segment === end.segment && found.offset === end.offset && found.sequence === end.sequence;
  if (isThere || stop !== 'clean') return [];
  return [
    `the queue ends at byte ${found.offset} of segment ${found.segment}, where it was not left`,
  ];
}

function endsWithNewline(files: Files, fd: number, end: number): boolean {
  const byte = Buffer.alloc(1);
  return files.read(fd, byte, end - 1) === 1 && byte[0] === 0x0a;
}
