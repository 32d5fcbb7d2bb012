import type { QueuePosition } from './cursor.js';
import type { Files } from './files.js';
import { decodeRecord, type QueueRecord } from './record.js';
import { readLines } from './segment.js';

/** What a walk over a segment meets, with the place behind it. */
export type Scanned =
  | { readonly kind: 'record'; readonly record: QueueRecord; readonly after: QueuePosition }
  | { readonly kind: 'damage'; readonly text: string; readonly after: QueuePosition }
  /** The last line, without its newline. */
  | { readonly kind: 'torn'; readonly text: string; readonly after: QueuePosition };

/**
 * Walks over the records of the open segment `fd` from a place up to byte `end`. `from.sequence` 0
 * takes whatever sequence number comes first. A record of an earlier sequence number is damage;
 * missing ones are reported as damage before the record that shows it. Throws an ErrnoException.
 */
export function* scanSegment(
  files: Files,
  fd: number,
  from: QueuePosition,
  end: number,
): Generator<Scanned> {
  const { segment } = from;
  let { sequence, offset } = from;
  for (const line of readLines(files, fd, offset, end)) {
    const record = line.whole ? decodeRecord(line.bytes) : undefined;
    if (!record || record.sequence < sequence) {
      const after = { segment, offset: line.end, sequence };
      const text = `${line.whole ? 'a bad line' : 'a torn line'} in segment ${segment} at byte ${offset}`;
      offset = line.end;
      yield { kind: line.whole ? 'damage' : 'torn', text, after };
      continue;
    }
    if (sequence !== 0 && record.sequence > sequence) {
      const text = `records ${sequence} to ${record.sequence - 1} are missing`;
      yield { kind: 'damage', text, after: { segment, offset, sequence: record.sequence } };
    }
    sequence = record.sequence + 1;
    offset = line.end;
    yield { kind: 'record', record, after: { segment, offset, sequence } };
  }
}
