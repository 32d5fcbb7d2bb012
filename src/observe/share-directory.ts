import { closeSync, constants, fchmodSync, fchownSync, fstatSync, openSync } from 'node:fs';

/**
 * Lets a group into a directory of ours that other users can't enter. The group can open files
 * there by name, but can't list them (0710). A directory that others can already enter stays
 * unchanged, because it is not for this service alone.
 *
 * Throws errors of open(2), fchown(2) and fchmod(2).
 */
export function shareDirectory(directory: string, group: number): void {
  const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
  const opened = openSync(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const { mode, uid } = fstatSync(opened);
    if (uid !== process.geteuid?.() || mode & 0o077) return;
    // In this order no other group gets access.
    fchownSync(opened, uid, group);
    fchmodSync(opened, 0o710);
  } finally {
    closeSync(opened);
  }
}
