import type { QueueEntry } from '../queue/entry.js';
import { display, type PathBytes } from '../text/path-bytes.js';

/** How often a file was changed in ways that may have given it other content. */
export interface ContentChange {
  readonly path: PathBytes;
  /** How often a process that could write to it closed it. */
  readonly writes: number;
  /** How often the file was moved to its place. */
  readonly moves: number;
  /** How often its name was created, removed or moved away. */
  readonly others: number;
}

/**
 * The content of a batch, with the paths to check and how often files were written to or moved
 * there.
 */
export interface DecodedBatch {
  readonly entries: readonly QueueEntry[];
  readonly changes: readonly ContentChange[];
}

/**
 * Decodes a batch of the native watcher (native/watch/record_buffer.h). The paths are views of the
 * batch. Copy a path to keep it for long.
 */
export function decodeBatch(batch: Buffer): DecodedBatch {
  const entries: QueueEntry[] = [];
  const changes: ContentChange[] = [];
  for (let at = 0; at < batch.length; ) {
    const letter = String.fromCharCode(batch[at] as number);
    const count = batch[at + 1] as number;
    const end = at + headLength + batch.readUInt32LE(at + 2);
    const bytes = batch.subarray(at + headLength, end);
    const kind = kinds[letter];
    if (letter === 'A') entries.push({ kind: 'loss', reason: display(bytes) });
    else if (kind) entries.push({ kind, path: bytes });
    else throw new RangeError(`unknown record kind ${letter} at byte ${at} of a batch`);
    if (kind === 'file') {
      const [writes, moves] = [letter === 'W' ? count : 0, letter === 'V' ? count : 0];
      changes.push({ path: bytes, writes, moves, others: count - writes - moves });
    }
    at = end;
  }
  return { entries, changes };
}

const kinds: Readonly<Record<string, 'file' | 'touch' | 'tree' | undefined>> = {
  F: 'file',
  W: 'file',
  V: 'file',
  T: 'touch',
  R: 'tree',
};
const headLength = 6;
