import { type Dir, opendirSync } from 'node:fs';
import { isShortage } from '../../proc/shortage.js';
import type { PathBytes } from '../../text/path-bytes.js';

/** An entry of a directory. */
export interface Entry {
  readonly name: Buffer;
  readonly isDirectory: boolean;
}

/**
 * The entries of a directory, read a few at a time, because a list of a million entries would block
 * everything else for seconds. There are none if the directory is gone, is no directory, or is not
 * readable: csync2 sees the same and says so.
 *
 * Throws if descriptors or memory are short; see `shortage.ts`.
 */
export function* entriesOf(directory: PathBytes): Generator<Entry, void> {
  const opened = open(directory);
  if (!opened) return;
  try {
    for (let entry = opened.readSync(); entry; entry = opened.readSync()) {
      // The types of node know no names that are bytes.
      yield { name: entry.name as unknown as Buffer, isDirectory: entry.isDirectory() };
    }
  } finally {
    opened.closeSync();
  }
}

function open(directory: PathBytes): Dir | undefined {
  try {
    return opendirSync(directory, { encoding: 'buffer' as BufferEncoding, bufferSize: 256 });
  } catch (error) {
    // A shortage must not pass for an empty directory.
    if (isShortage(error)) throw error;
    return undefined;
  }
}
