import { fromKey, type PathBytes, type PathKey, toKey } from '../../text/path-bytes.js';
import { TraceFile } from './trace-file.js';

/**
 * Facts about the sessions for {@link SessionTraces}, which reads the files that sessions remove
 * and the times that they set.
 */
export interface TraceFacts {
  /** Pids of the sessions that were open when the traces were read last, or shortly before. */
  readonly open: ReadonlySet<number>;
  /** A moment before these sessions were listed; milliseconds since 1970. */
  readonly lookedAt: number;
  /** When a session last reported a path as done; milliseconds since 1970. */
  readonly updatedAt: (path: PathBytes) => number | undefined;
}

/**
 * What a session came to: something that needs the key was allowed, or why its first request was
 * denied. `permission`: the key differs, or csync2.cfg does not share the file with this peer;
 * `identification`: its address or certificate is not that of the name; `tls`: it speaks without
 * TLS. See `native/preload/verdicts.h`.
 */
export type Verdict = 'accepted' | 'permission' | 'identification' | 'tls';

/** A session of csync2's server that was accepted, or refused as a whole. */
export interface SessionVerdict {
  readonly verdict: Verdict;
  /** Who its peer said it was, one character a byte. Unless it was accepted, anybody can say so. */
  readonly peer: string;
  /** Address it came from. */
  readonly from: string;
  /** Milliseconds since 1970. */
  readonly at: number;
}

/** A file that a session has moved into its place. */
export interface MovedFile {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly inode: bigint;
}

/**
 * Reads the changes to files that sessions of csync2's server make without a message.
 * `native/preload/traces.cc` records them.
 *
 * - csync2 removes what is in the way of a file, a directory or a link before it receives that, and
 *   may never come to it: its disk is full, or its peer has gone (daemon.c, the column `unlink` of
 *   its table of commands). An empty place tells nothing of who has emptied it.
 * - Of a file that it finds to be as it should be it sets owner, mode and, last of all, the time,
 *   and says nothing.
 * - It says the same of what it has removed, made or moved into its place.
 * - Of a session that it denies it says nothing at all.
 */
export class SessionTraces {
  readonly #file: TraceFile;
  /** The last removal of each path, as long as nothing is known to have taken its place. */
  readonly #removals = new Map<PathKey, { readonly pid: number; readonly at: number }>();
  /** When each file's time was set last; milliseconds since 1970. */
  readonly #times = new Map<PathKey, number>();
  /** The last files that were moved into each place, in that order. */
  readonly #moves = new Map<PathKey, readonly MovedFile[]>();
  /** Pids of the servers that leave traces. */
  readonly #servers = new Set<number>();
  #isAnyCopied = false;
  /**
   * Called for each directory that a session should have replaced by something else, and could not
   * because it is not empty.
   */
  onOccupied: (path: PathBytes) => void = () => {};
  /** Told each session that was accepted, or refused as a whole. */
  onVerdict: (verdict: SessionVerdict) => void = () => {};
  /**
   * Earlier removals are ignored, because an earlier run has handled them, and files that have
   * vanished since may have been removed here.
   */
  #since: number;

  /** @param file - it may not exist yet; in a directory that only root can write */
  constructor(file: string, since = Date.now() - restartMilliseconds) {
    this.#file = new TraceFile(file);
    this.#since = since;
  }

  /** @returns the paths that ended sessions have left empty, each once, as of the last look */
  takeEmptied({ lookedAt, open, updatedAt }: TraceFacts): PathBytes[] {
    const emptied: PathBytes[] = [];
    for (const [key, { at, pid }] of this.#removals) {
      const path = fromKey(key);
      const isFilled = (updatedAt(path) ?? 0) >= at - clockMilliseconds;
      // A session that has begun since the sessions were listed is open as well.
      if (!isFilled && (open.has(pid) || at >= lookedAt)) continue;
      this.#removals.delete(key);
      if (!isFilled) emptied.push(path);
    }
    this.#file.keepShort(open.size === 0);
    return emptied;
  }

  /**
   * Whether a session that was open at the last look has removed the file at a path, and not
   * finished with the path yet.
   */
  isEmptied(path: PathBytes): boolean {
    return this.#removals.has(toKey(path));
  }

  /** When a session last set a file's time, as of the last look; milliseconds since 1970. */
  timeSetAt(path: PathBytes): number | undefined {
    return this.#times.get(toKey(path));
  }

  /**
   * The files that sessions have moved into this place, as of the last look: the last ones, in that
   * order.
   */
  moved(path: PathBytes): readonly MovedFile[] {
    return this.#moves.get(toKey(path)) ?? [];
  }

  /**
   * Whether the sessions of this server close each file before they move it into its place, as they
   * do unless csync2's `tempdir` is on another disk. Later writes to the file then come from other
   * processes.
   */
  closesFirst(server: number): boolean {
    return this.#servers.has(server) && !this.#isAnyCopied;
  }

  /** Reads what has been noted by now. */
  look(): void {
    const records = this.#file.read();
    for (const record of records) this.#note(record);
    if (records.length > 0) this.#since = 0;
  }

  #note(record: string): void {
    if (record.startsWith('V ')) this.#noteVerdict(record);
    else this.#noteDeed(record);
  }

  #noteVerdict(record: string): void {
    const [, seconds, verdict, from, peer] = verdictRecord.exec(record) ?? [];
    if (!seconds || !verdict || !from || peer === undefined) return;
    this.onVerdict({
      verdict: verdict as Verdict,
      peer,
      from: from.replace(/^::ffff:(?=\d+\.)/, ''),
      at: Number(seconds) * 1000,
    });
  }

  #noteDeed(record: string): void {
    const [, kind, pid, seconds, inode = '', path] =
      /^([LMORTX]) (\d+) (\d+\.\d+) (?:(\d+) )?(\/.*)$/s.exec(record) ?? [];
    if (path === undefined) return;
    const key = toKey(Buffer.from(path, 'latin1'));
    const at = Number(seconds) * 1000;
    if (kind === 'L') this.#servers.add(Number(pid));
    else if (kind === 'X') this.#isAnyCopied = true;
    else if (kind === 'O') this.onOccupied(fromKey(key));
    else if (kind === 'T') keepLast(this.#times, key, at);
    else if (kind === 'M') {
      const before = this.#moves.get(key) ?? [];
      keepLast(this.#moves, key, [...before.slice(1 - mostMoves), { at, inode: BigInt(inode) }]);
    } else if (at >= this.#since) {
      this.#removals.delete(key);
      this.#removals.set(key, { pid: Number(pid), at });
    }
  }
}

/** What the name holds may look like anything, and is all the rest. */
const verdictRecord = /^V \d+ (\d+\.\d+) (accepted|permission|identification|tls) ([^ ]+) (.*)$/s;

/** The last one set stays; of many, those set first go. */
function keepLast<Value>(map: Map<PathKey, Value>, key: PathKey, value: Value): void {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > mostPaths && oldest !== undefined) map.delete(oldest);
}

/** The server's times have a resolution of milliseconds. */
const clockMilliseconds = 1;
/** More than a restart takes. */
const restartMilliseconds = 60_000;
const mostPaths = 50_000;
/** For each file; more than arrive in the time for which writes are counted. */
const mostMoves = 64;
