import { chmodSync, lchownSync } from 'node:fs';
import type { Server } from 'node:net';

/**
 * Has a server listen on a unix socket that is for its owner alone (0600), or for a group as well
 * (0660: connect(2) needs the right to write). Nobody else may write to the directory of the
 * socket. Rejects with what bind(2) and chown(2) fail with.
 */
export async function listenOnSocket(
  server: Server,
  path: string,
  group: number | undefined,
): Promise<void> {
  let listening: Promise<void>;
  const before = process.umask(0o177);
  try {
    // Node calls bind(2) before `listen` returns, so that no other file gets this mask.
    listening = new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } finally {
    process.umask(before);
  }
  await listening;
  try {
    if (group !== undefined) lchownSync(path, process.geteuid?.() ?? 0, group);
    chmodSync(path, group === undefined ? 0o600 : 0o660);
  } catch (error) {
    server.close();
    throw error;
  }
}
