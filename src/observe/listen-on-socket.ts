import { chmodSync, lchownSync } from 'node:fs';
import type { Server } from 'node:net';

/**
 * Makes a server listen on a unix socket for its owner only (0600), or also for a group (0660,
 * because connect(2) needs write permission). Other users must not be able to write to the
 * directory of the socket. Rejects with errors of bind(2) and chown(2).
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
