import { basename, dirname, join, resolve } from 'node:path';
import { QueueDirectoryError, QueueUnsafeError, queueErrorOf } from './errors.js';
import { errnoOf, type FileFacts, type Files } from './files.js';

/**
 * The real path of the queue file. Makes its directory (0700) if only that is missing. Refuses a
 * directory in which another user could forge records or put links: the directory must belong to
 * root or to us, only its owner may write to it, and no directory above it may be writable by
 * everyone, unless that one is sticky.
 *
 * Throws QueueDirectoryError, QueueUnsafeError, QueuePermissionError.
 */
export function prepareDirectory(files: Files, file: string): string {
  const wanted = dirname(resolve(file));
  const directory = realDirectory(files, wanted);
  const facts = files.statPath(directory);
  if (facts.type !== 'directory') throw new QueueDirectoryError(wanted, 'is not a directory');
  const self = process.geteuid?.() ?? 0;
  if (facts.uid !== 0 && facts.uid !== self) {
    const fix = `chown ${self === 0 ? 'root' : self} ${directory}`;
    throw new QueueUnsafeError(file, `${directory} belongs to user ${facts.uid}`, fix);
  }
  if (facts.mode & 0o022) {
    const mode = facts.mode.toString(8).padStart(4, '0');
    throw new QueueUnsafeError(
      file,
      `${directory} can be written by others (mode ${mode})`,
      `chmod go-w ${directory}`,
    );
  }
  for (let above = directory; above !== '/'; ) {
    above = dirname(above);
    if (isOpenToAll(files.statPath(above))) {
      throw new QueueUnsafeError(
        file,
        `everybody can rename what is in ${above}`,
        `chmod o-w ${above}, or chmod +t ${above}`,
      );
    }
  }
  return join(directory, basename(file));
}

function realDirectory(files: Files, wanted: string): string {
  try {
    return files.realPath(wanted);
  } catch (error) {
    if (errnoOf(error) === 'ENOTDIR')
      throw new QueueDirectoryError(wanted, 'is not a directory', { cause: error });
    if (errnoOf(error) !== 'ENOENT') throw queueErrorOf(wanted, error);
  }
  try {
    files.makeDirectory(wanted, 0o700);
  } catch (error) {
    if (errnoOf(error) === 'ENOENT')
      throw new QueueDirectoryError(wanted, 'does not exist', { cause: error });
    if (errnoOf(error) !== 'EEXIST') throw queueErrorOf(wanted, error);
  }
  return files.realPath(wanted);
}

function isOpenToAll({ mode }: FileFacts): boolean {
  return (mode & 0o002) !== 0 && (mode & 0o1000) === 0;
}
