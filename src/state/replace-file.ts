import {
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  openSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';

/** How {@link replaceFile} writes. */
export interface ReplaceOptions {
  /** Permission bits, independent of the umask; default 0600. */
  readonly mode?: number;
  /**
   * Whether the file, old or new, must exist after a power failure. Without this the new file may
   * be empty then. Default true.
   */
  readonly isDurable?: boolean;
}

/**
 * Replaces a file by one with this text, at once: a reader, and the next run after a kill, find the
 * old file or the new one. The file is ours alone until it is in its place: anything that another
 * user has put under its temporary name (`FILE.new`) is neither followed nor kept.
 *
 * Throws the errors of the file system; the old file stays then.
 */
export function replaceFile(
  file: string,
  text: string | Uint8Array,
  { mode = 0o600, isDurable = true }: ReplaceOptions = {},
): void {
  const fresh = `${file}.new`;
  // Left by a run that was killed.
  rmSync(fresh, { force: true });
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW } = constants;
  const fd = openSync(fresh, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
  try {
    fchmodSync(fd, mode);
    writeFileSync(fd, text);
    if (isDurable) fsyncSync(fd);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw error;
  } finally {
    closeSync(fd);
  }
  renameSync(fresh, file);
  if (isDurable) syncDirectory(dirname(file));
}

/** Makes the names in a directory durable (fsync(2)). */
function syncDirectory(directory: string): void {
  const fd = openSync(directory, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
