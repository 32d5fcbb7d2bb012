import { closeSync, constants, fchmodSync, fchownSync, fstatSync, openSync } from 'node:fs';

/**
 * Lets a group through a directory of ours that nobody else can enter: to what it can name and open
 * there, without a list of what there is (0710). A directory that others can enter already stays as
 * it is: it is not ours alone to decide on.
 *
 * Throws what open(2), fchown(2) and fchmod(2) fail with.
 */
export function shareDirectory(directory: string, group: number): void {
  const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = constants;
  const opened = openSync(directory, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
  try {
    const { mode, uid } = fstatSync(opened);
    if (uid !== process.geteuid?.() || mode & 0o077) return;
    // In this order no other group gets in.
    fchownSync(opened, uid, group);
    fchmodSync(opened, 0o710);
  } finally {
    closeSync(opened);
  }
}
