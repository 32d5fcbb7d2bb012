import type { QueuePosition } from './cursor.js';
import type { Files } from './files.js';
import { decodeRecord, type QueueRecord } from './record.js';
import { readLines } from './segment.js';

/** An item of a walk over a segment, with the place after it. */
export type Scanned =
  | { readonly kind: 'record'; readonly record: QueueRecord; readonly after: QueuePosition }
  | { readonly kind: 'damage'; readonly text: string; readonly after: QueuePosition }
  /** The last line, without its newline. */
  | { readonly kind: 'torn'; readonly text: string; readonly after: QueuePosition };

/**
 * Walks over the records of the open segment `fd` from a place up to byte `end`. `from.sequence` 0
 * accepts any first sequence number. A record with an earlier sequence number is damage. Missing
 * records are reported as damage before the record that shows the gap. Throws an ErrnoException.
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
