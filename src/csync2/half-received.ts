import { type BigIntStats, closeSync, fstatSync, lstatSync, openSync } from 'node:fs';
import type { PathBytes } from '../path-bytes.js';
import { type PathPrefix, realPathOf } from './name-encoding.js';
import type { Runner } from './runner.js';
import { endOf } from './server-log.js';
import { holdersOf } from './sockets.js';

/** What is needed to find and adopt what was half received. */
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
  /** Taken before csync2 took note of it. */
  readonly stat: BigIntStats;
}

/**
 * Has csync2 take the files that a session was receiving when it was killed as they are (`-cI`), marking nothing. csync2
 * writes a file and then its note of it, and takes back the notes of a whole transaction when it is killed: a check
 * would take these files, some still without owner and mode, for changes of this host, send them to all peers, and
 * be in conflict with the peer that sends them again. To be called when the sessions of an earlier server have ended and
 * before one listens, as its sessions check, too.
 *
 * A file that was changed here within two seconds of its being received is taken as it is, too: the peer sends its own
 * once more, and wins.
 *
 * @returns the files that were taken as they are; none while a server runs
 */
export async function adoptHalfReceived(parts: HalfReceivedParts): Promise<readonly ReceivedFile[]> {
  const { runner, logFile, prefixes, port } = parts;
  if (holdersOf(port).length > 0) return [];
  const log = endOfLog(logFile);
  if (!log) return [];
  const received = [...cutShort(log.text, log.writtenAt)].flatMap(([name, receivedAt]) => {
    const path = realPathOf(Buffer.from(name, 'latin1'), prefixes);
    const stat = path && statOfThen(path, receivedAt);
    return stat ? [{ path, stat }] : [];
  });
  const paths = received.map(({ path }) => path);
  if (paths.length > 0) await runner.run({ mode: ['-cI'], paths, stallSeconds: 60 });
  return received;
}

/**
 * Names, one character a byte, of what sessions without an end in a log have received, and when, in milliseconds since
 * 1970. The log has the time of day only.
 *
 * @param writtenAt - when the log was written last, milliseconds since 1970
 */
export function cutShort(text: string, writtenAt: number): ReadonlyMap<string, number> {
  const sessions = new Map<string, Map<string, number>>();
  for (const line of text.split('\n')) {
    const match = /^\[(\d\d):(\d\d):(\d\d)\] <(\d+)> (.*)$/.exec(line);
    if (!match) continue;
    const [, hours, minutes, seconds, pid = '', message = ''] = match;
    const update = /^Updated (.*) from \S+\.$/.exec(message);
    if (update) {
      const at = timeBefore(writtenAt, [Number(hours), Number(minutes), Number(seconds)]);
      sessions.set(pid, (sessions.get(pid) ?? new Map()).set(update[1] as string, at));
    } else if (/^(New connection from |Connection closed\.|TOTALTIME:)/.test(message)) sessions.delete(pid);
  }
  return new Map([...sessions.values()].flatMap((names) => [...names]).slice(-mostNames));
}

/** The last moment with this time of day that is not after another. */
function timeBefore(latest: number, [hours, minutes, seconds]: readonly [number, number, number]): number {
  const day = new Date(latest + 1000);
  const time = new Date(day.getFullYear(), day.getMonth(), day.getDate(), hours, minutes, seconds).getTime();
  return time <= latest + 1000 ? time : time - 24 * 3600 * 1000;
}

/** A file that is there and has changed last when it was received. */
function statOfThen(path: PathBytes, receivedAt: number): BigIntStats | undefined {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false, bigint: true });
    const after = stat && Number(stat.ctimeMs) - receivedAt;
    return after !== undefined && after >= -1000 && after < 3000 ? stat : undefined;
  } catch {
    // Not a directory, a loop of links: as good as absent.
    return undefined;
  }
}

function endOfLog(file: string): { text: string; writtenAt: number } | undefined {
  let fd: number;
  try {
    fd = openSync(file, 'r');
  } catch {
    // There is none yet.
    return undefined;
  }
  try {
    const { mtimeMs } = fstatSync(fd);
    return { text: endOf(fd, bytesRead), writtenAt: mtimeMs };
  } finally {
    closeSync(fd);
  }
}

const bytesRead = 1024 * 1024;
/** More than a session can have noted in one transaction (1000 statements); they fit into one argument list. */
const mostNames = 200;
