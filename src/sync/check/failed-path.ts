import type { Outcome } from '../../csync2/run/result.js';
import type { PathBytes } from '../../text/path-bytes.js';

/** A path that csync2 could not look at. */
export interface FailedPath {
  readonly path: PathBytes;
  readonly recursive: boolean;
  readonly outcome: Outcome;
  /** csync2's message about the path, for people. */
  readonly text: string;
  /** The path is not the reason: csync2 can look at nothing now. */
  readonly isForAll?: boolean;
}

/** Why csync2 could not note files. */
export type NoteFailure = Required<Pick<FailedPath, 'outcome' | 'text' | 'isForAll'>>;
