import { replaceFile } from '../../state/replace-file.js';
import type { PathBytes } from '../../text/path-bytes.js';

/**
 * Writes the list of trees for csync2's sessions and updates, which follow no link below these
 * paths (`native/preload/places.h`). A session reads the file when it begins.
 *
 * Throws what the file system throws.
 */
export function writeTrees(file: string, roots: readonly PathBytes[]): void {
  const end = Buffer.of(0);
  replaceFile(file, Buffer.concat(roots.flatMap((root) => [root, end])), { isDurable: false });
}
