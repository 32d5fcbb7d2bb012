import { type BigIntStats, lstatSync } from 'node:fs';
import { statOfProcess } from '../../proc/process.js';
import { holdersOf } from '../../proc/sockets.js';
import type { PathBytes } from '../../text/path-bytes.js';
import { type PathPrefix, realPathOf } from '../files/name-encoding.js';
import type { Runner } from '../run/runner.js';
import { LogTail } from '../server-log/log-tail.js';
import { type BrokenSession, type Reception, SessionLog } from '../server-log/session-log.js';

/**
 * The parts for finding files that a killed session received only in part, and for making csync2
 * note them.
 */
export interface HalfReceivedParts {
  readonly runner: Runner;
  /** The server's log (`-ii -t -v`). */
  readonly logFile: string;
  readonly prefixes: readonly PathPrefix[];
  /** TCP port of the server. */
  readonly port: number;
}

/** A file as a session has left it. */
export interface ReceivedFile {
  readonly path: PathBytes;
  /** Read before csync2 noted the file. */
  readonly stat: BigIntStats;
}

/**
 * Makes csync2 note, without marks, the files that a session was receiving when it was killed
 * (`-cI`); see {@link receivedFiles}. Call it when the sessions of an earlier server have ended and
 * before a new one listens, because its sessions check, too.
 *
 * @returns the noted files; none while a server runs
 */
export async function adoptHalfReceived(
  parts: HalfReceivedParts,
): Promise<readonly ReceivedFile[]> {
  const { runner, logFile, prefixes, port } = parts;
  if (holdersOf(port).length > 0) return [];
  const received = receivedFiles(await sessionsWithoutEnd(logFile), prefixes, statOf).slice(
    -mostFiles,
  );
  const paths = received.map(({ path }) => path);
  if (paths.length > 0) await runner.run({ mode: ['-cI'], paths, stallSeconds: 60 });
  return received;
}

/**
 * The sessions of an earlier server whose end is not in the log. Their end is known only
 * approximately.
 */
async function sessionsWithoutEnd(logFile: string): Promise<readonly BrokenSession[]> {
  const begun = performance.now();
  for (;;) {
    const log = readLog(logFile);
    // Their last messages may still be on their way into the log. The log's writer ends when
    // everything is written.
    const isWriting = [...log.keepers.values()].some(isKeeper);
    if (isWriting && performance.now() - begun < writingMilliseconds) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      continue;
    }
    log.keep([], Date.now());
    return log.takeBroken().map(({ received, endedAt }) => ({
      received,
      endedAt: Math.min(endedAt, (received.at(-1)?.since ?? 0) + unknownMilliseconds),
    }));
  }
}

function readLog(logFile: string): SessionLog {
  const tail = new LogTail(logFile);
  try {
    const log = new SessionLog();
    log.read(tail.recall());
    return log;
  } finally {
    tail.close();
  }
}

/** Whether a process writes the log. A pid in the log may have been reused. */
function isKeeper(pid: number): boolean {
  const stat = statOfProcess(pid);
  return stat?.name === 'inotify-csync-k' && stat.state !== 'Z';
}

/**
 * The files that broken-off sessions have written and that csync2 may not know, because its server
 * keeps its notes in one transaction for up to 3 s. A check would treat these files as local
 * changes and send them back. The last one, which has neither owner nor mode nor time yet, would
 * become a conflict, or with `auto younger` even win.
 *
 * The peer sends unanswered files again, so csync2 only has to note the files as they are (`-cI`).
 * Files that may have been changed here are left out. They have changed after the session had
 * finished with them, or have a time with a fraction of a second, which csync2 never sets.
 *
 * @param look - lstat(2); undefined for missing files
 */
export function receivedFiles(
  sessions: readonly BrokenSession[],
  prefixes: readonly PathPrefix[],
  look: (path: PathBytes) => BigIntStats | undefined,
): ReceivedFile[] {
  const lastOf = new Map<string, { reception: Reception; until: number; isLast: boolean }>();
  for (const { received, endedAt } of sessions) {
    for (const reception of received) {
      const isLast = reception === received.at(-1);
      const until = isLast ? endedAt : (reception.until ?? endedAt);
      lastOf.delete(reception.name);
      lastOf.set(reception.name, { reception, until, isLast });
    }
  }
  return [...lastOf.values()].flatMap(({ reception, until, isLast }) => {
    const path = realPathOf(Buffer.from(reception.name, 'latin1'), prefixes);
    const stat = path && look(path);
    if (!stat || Number(stat.ctimeMs) > until) return [];
    const isFinished = !stat.isFile() || stat.mtimeNs % second === 0n;
    return isLast || isFinished ? [{ path, stat }] : [];
  });
}

function statOf(path: PathBytes): BigIntStats | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false, bigint: true });
  } catch {
    // Not a directory, or a loop of links. Both count as absent.
    return undefined;
  }
}

const second = 1_000_000_000n;
const writingMilliseconds = 1000;
/** How long after its last message a session may have continued before it was killed. */
const unknownMilliseconds = 3000;
/**
 * More than a session can have noted in one transaction (1000 statements). They fit into one
 * argument list.
 */
const mostFiles = 200;
