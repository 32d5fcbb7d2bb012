import { exitCodes, InotifyCsyncError } from '../../errors.js';
import { display, type PathBytes } from '../../text/path-bytes.js';
import { lookAt } from '../common/stat-of.js';

/** An included path, and the place where csync2.cfg names it. */
export interface RequiredRoot {
  readonly path: PathBytes;
  /** `FILE:LINE`. */
  readonly place: string;
}

/**
 * Makes sure that the included paths exist before anything is checked, because csync2 takes a
 * missing tree for a deleted one.
 *
 * Throws a {@link MissingRootError} for the first path that doesn't exist. A path that can't be
 * looked at may exist; the root guard watches it.
 */
export function requireRoots(roots: readonly RequiredRoot[]): void {
  for (const root of roots) {
    if (lookAt(root.path).kind === 'absent') throw new MissingRootError(root);
  }
}

/** An included path does not exist. */
export class MissingRootError extends InotifyCsyncError {
  constructor({ path, place }: RequiredRoot) {
    super(
      'ICS_ROOT_MISSING',
      exitCodes.noInput,
      `${display(path)}, included at ${place}, does not exist`,
      'mount it or create it (an empty directory is filled by the peers), or take it out of csync2.cfg',
    );
  }
}
