import type { BigIntStats } from 'node:fs';
import type { ReceivedFile } from '../csync2/half-received.js';
import { type PathPrefix, realPathOf } from '../csync2/name-encoding.js';
import type { BrokenSession } from '../csync2/session-log.js';
import type { PathBytes } from '../path-bytes.js';

/**
 * What broken-off sessions have written and csync2 may not know: its server keeps its notes in one transaction for up to
 * 3 s. A check would take these files for local changes and send them back; of the last one, which has neither owner nor
 * mode nor time yet, it would make a conflict, or with `auto younger` even a winner.
 *
 * The peer sends again what it has got no answer for, so csync2 only has to take note of the files as they are (`-cI`).
 * Left out is what may have been changed here: after the session, or to a time that is not in whole seconds, as all that
 * csync2 has finished is.
 *
 * @param look - lstat(2); undefined for what isn't there
 */
export function receivedFiles(
  sessions: readonly BrokenSession[],
  prefixes: readonly PathPrefix[],
  look: (path: PathBytes) => BigIntStats | undefined,
): ReceivedFile[] {
  return sessions.flatMap(({ names, endedAt }) =>
    names.flatMap((name, index) => {
      const path = realPathOf(Buffer.from(name, 'latin1'), prefixes);
      const stat = path && look(path);
      if (!stat || Number(stat.ctimeMs) > endedAt) return [];
      const isUnfinished = index === names.length - 1;
      const isFinished = !stat.isFile() || stat.mtimeNs % second === 0n;
      return isUnfinished || isFinished ? [{ path, stat }] : [];
    }),
  );
}

const second = 1_000_000_000n;
