/**
 * Sentences of the status. They are apart from the daemon's code, so that a command that shows them
 * loads nothing of the daemon.
 */

/** The number of unwatched directories, and the remedy. */
export function unwatchedText(count: number): string {
  return `${count} directories are not watched: the watch limit is reached (see inotify-csync watch-limit)`;
}

/**
 * The number of paths that csync2 can't handle, and the first of them. They are no problem of this
 * service, and may stay for ever.
 */
export function unsupportedText({
  count,
  more,
  paths,
}: {
  readonly count: number;
  readonly more: boolean;
  readonly paths: readonly string[];
}): string {
  const number =
    count === 1 && !more ? 'one path is' : `${count}${more ? ' and more' : ''} paths are`;
  const [first] = paths;
  return `${number} too long for csync2, and not synchronised${first === undefined ? '' : `: ${first}`}`;
}

/** The error of the configuration on disk, and that it is not in use. */
export function configTroubleText({
  message,
  hint,
}: {
  readonly message: string;
  readonly hint: string;
}): string {
  return `invalid, so the previous configuration is still in use: ${message} (${hint}; see inotify-csync check-config)`;
}
