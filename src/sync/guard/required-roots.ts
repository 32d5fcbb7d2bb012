import { exitCodes, InotifyCsyncError } from '../../errors.js';
import { display, type PathBytes } from '../../text/path-bytes.js';
import { lookAt } from '../common/stat-of.js';

/** An included path, and where csync2.cfg names it. */
export interface RequiredRoot {
  readonly path: PathBytes;
  /** `FILE:LINE`. */
  readonly place: string;
}

/**
 * Makes sure that what is included exists before anything is checked: csync2 takes a missing tree
 * for a deleted one.
 *
 * Throws a {@link MissingRootError} for the first that doesn't. One that can't be looked at may be
 * there: it is guarded.
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
