import { lstatSync, mkdirSync, type Stats } from 'node:fs';
import { exitCodes, InotifyCsyncError } from '../errors.js';

/**
 * Makes a directory that only we may touch (0700), or makes sure that an existing one is safe: it
 * is no link, belongs to root or to us, and no one else can write to it. Otherwise another user
 * could put links where databases are written, or a socket in place of ours.
 *
 * Throws an {@link UnsafeDirectoryError}.
 */
export function requireOwnDirectory(directory: string): void {
  let stat: Stats;
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    stat = lstatSync(directory);
  } catch (error) {
    throw new UnsafeDirectoryError(directory, (error as Error).message, { cause: error });
  }
  if (!stat.isDirectory())
    throw new UnsafeDirectoryError(directory, 'it is a link, or no directory');
  if (stat.uid !== 0 && stat.uid !== process.geteuid?.()) {
    throw new UnsafeDirectoryError(directory, `it belongs to user ${stat.uid}`);
  }
  if (stat.mode & 0o022) {
    const mode = (stat.mode & 0o7777).toString(8).padStart(4, '0');
    throw new UnsafeDirectoryError(directory, `others can write to it (mode ${mode})`);
  }
}

/** The runtime directory is not ours alone. */
export class UnsafeDirectoryError extends InotifyCsyncError {
  constructor(directory: string, why: string, options?: ErrorOptions) {
    super(
      'ICS_RUNTIME_DIRECTORY',
      exitCodes.cannotCreate,
      `the runtime directory ${directory} cannot be used: ${why}`,
      'set runtime_directory to a directory that root owns and nobody else can write to',
      options,
    );
  }
}
