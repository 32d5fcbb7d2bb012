// Errors of requests to decide a conflict.

import { exitCodes, InotifyCsyncError } from '../../errors.js';
import { closest } from '../../text/closest.js';
import { display, type PathBytes } from '../../text/path-bytes.js';

/** There is no conflict at a path. */
export class NoConflictError extends InotifyCsyncError {
  /** @param around - the tree in conflict that the path lies in, and the conflicts below it */
  constructor(
    path: PathBytes,
    {
      above,
      below,
    }: { readonly above: PathBytes | undefined; readonly below: readonly PathBytes[] },
  ) {
    const [first] = below;
    const more = below.length > 1 ? ` and ${below.length - 1} more` : '';
    super(
      'ICS_NO_CONFLICT',
      exitCodes.usage,
      above
        ? `${display(path)} is part of the conflict about the directory ${display(above)}`
        : `${display(path)} is not in conflict`,
      above
        ? `decide that one: inotify-csync resolve ${shellWord(above)} --keep HOST`
        : first
          ? `below it, ${display(first)}${more} is: inotify-csync conflicts`
          : '`inotify-csync conflicts` lists what is; `inotify-csync verify` compares this host with its peers',
    );
  }
}

/** The host whose version should be kept has none. */
export class NoPartError extends InotifyCsyncError {
  constructor(
    path: PathBytes,
    keep: string,
    { parties, isPeer }: { readonly parties: readonly string[]; readonly isPeer: boolean },
  ) {
    const meant = closest(keep, [...parties, 'newest']);
    super(
      'ICS_NO_PART',
      exitCodes.usage,
      isPeer
        ? `${keep} has no part in the conflict about ${display(path)}`
        : `${keep} is neither this host nor one of its peers`,
      meant && !isPeer
        ? `did you mean ${meant}?`
        : `keep one of: ${[...parties, 'newest'].join(', ')}`,
    );
  }
}

/** No version is the newest one. */
export class NothingNewestError extends InotifyCsyncError {
  constructor(path: PathBytes, host: string, peer: string) {
    super(
      'ICS_NOTHING_NEWEST',
      exitCodes.dataFormat,
      `neither version of ${display(path)} is newer: csync2 notes the same second, or no time for one of them`,
      `name the host: --keep ${host}, or --keep ${peer}`,
    );
  }
}

/** A peer does not answer the question about its version. */
export class SilentPeerError extends InotifyCsyncError {
  constructor(path: PathBytes, peer: string) {
    super(
      'ICS_SILENT_PEER',
      exitCodes.temporary,
      `${peer} does not say what it has at ${display(path)}: nothing was decided`,
      `try again when it can be reached: inotify-csync status`,
    );
  }
}

/** A path to decide about is out of sight on this host. */
export class OutOfSightError extends InotifyCsyncError {
  constructor(path: PathBytes) {
    super(
      'ICS_OUT_OF_SIGHT',
      exitCodes.temporary,
      `${display(path)} is in a tree that is missing or not mounted here: nothing was decided`,
      '`inotify-csync status` says which; try again when it is back',
    );
  }
}

/**
 * A peer's version can't be accepted by a command here, because other versions would come in
 * between.
 */
export class DecideElsewhereError extends InotifyCsyncError {
  constructor(path: PathBytes, keep: string, others: readonly string[]) {
    super(
      'ICS_DECIDE_ELSEWHERE',
      exitCodes.unavailable,
      `this host's version of ${display(path)} is also pending for ${others.join(', ')}: only ${keep} can decide for its own`,
      `on ${keep}: ${resolveCommand(path, keep)}`,
    );
  }
}

/** csync2's database was locked for too long. */
export class NotGivenUpError extends InotifyCsyncError {
  constructor(path: PathBytes) {
    super(
      'ICS_NOT_GIVEN_UP',
      exitCodes.temporary,
      `csync2's database is locked: ${display(path)} is still in conflict`,
      'try again in a moment',
    );
  }
}

/** The command that decides a conflict, for the host whose version is kept. */
export function resolveCommand(path: PathBytes, keep: string): string {
  return `inotify-csync resolve ${shellWord(path)} --keep ${keep}`;
}

/** A path as a shell word, if it can be shown as it is. */
function shellWord(path: PathBytes): string {
  const shown = display(path);
  return /^[\w/.,:@%+=-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
}
