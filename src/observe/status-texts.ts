import { counted, grouped } from '../text/counted.js';
/**
 * Sentences of the status, apart from what the daemon makes it of: a command that shows it loads
 * nothing of the daemon.
 */

/** What cannot be watched, and what to do. */
export function unwatchedText(count: number): string {
  return `${counted(count, 'directory is', 'directories are')} not watched: the watch limit is reached (see inotify-csync watch-limit)`;
}

/**
 * How many paths csync2 can't handle, and the first of them. No problem of this service, and none
 * that ever ends.
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
  const number = more
    ? `${grouped(count)} and more paths are`
    : counted(count, 'path is', 'paths are');
  const [first] = paths;
  return `${number} too long for csync2, and not synchronised${first === undefined ? '' : `: ${first}`}`;
}

/** What is wrong with the configuration on disk, and that it is not in use. */
export function configTroubleText({
  message,
  hint,
}: {
  readonly message: string;
  readonly hint: string;
}): string {
  return `invalid, so the previous configuration is still in use: ${message} (${hint}; see inotify-csync check-config)`;
}
