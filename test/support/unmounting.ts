/** The command that unmounts a file system that csync2 may be reading. */

/**
 * Words of a command that unmounts `point`, and waits up to ten seconds for what has a file of it
 * open: csync2 may be at one for a moment.
 */
export function unmounting(point: string): readonly [string, ...string[]] {
  const tries = 'for i in $(seq 100); do umount "$0" && exit; sleep 0.1; done; exit 1';
  return ['bash', '-c', tries, point];
}
