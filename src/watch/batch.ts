import { display } from '../path-bytes.js';
import type { QueueEntry } from '../queue/entry.js';

const kinds = { file: 0x46, tree: 0x52, loss: 0x41 };
const headLength = 5;

/**
 * Decodes a batch of the native watcher (native/record_buffer.h). The paths are views of the batch: keep a copy of
 * what is to be kept for long.
 */
export function decodeBatch(batch: Buffer): QueueEntry[] {
  const entries: QueueEntry[] = [];
  for (let at = 0; at < batch.length; ) {
    const kind = batch[at];
    const end = at + headLength + batch.readUInt32LE(at + 1);
    const bytes = batch.subarray(at + headLength, end);
    if (kind === kinds.file) entries.push({ kind: 'file', path: bytes });
    else if (kind === kinds.tree) entries.push({ kind: 'tree', path: bytes });
    else if (kind === kinds.loss) entries.push({ kind: 'loss', reason: display(bytes) });
    else throw new RangeError(`unknown record kind ${kind} at byte ${at} of a batch`);
    at = end;
  }
  return entries;
}
