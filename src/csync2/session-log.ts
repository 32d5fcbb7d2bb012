/**
 * What the log of a csync2 server (`-ii -t -v`) says about its sessions, line by line. Lines of a session carry the
 * pid of its process: `[HH:MM:SS] <PID> New connection from 10.0.0.2:4711.`
 *
 * A session that dies of a fatal error writes neither `Connection closed.` nor `TOTALTIME`, and sessions overlap:
 * so sessions are kept by pid, and whoever reads this checks the pids against the live processes.
 */
export class SessionLog {
  readonly #open = new Map<number, Session>();
  readonly #received = new Map<string, number>();
  /** Sessions that have said their last but for the time. */
  readonly #closed = new Set<number>();
  /** What each of the last sessions received last. */
  readonly #last = new Set<string>();
  #broken: BrokenSession[] = [];
  #pending = '';
  /** Told the name of each file that is received, one character a byte. */
  onReceived: (name: string) => void = () => {};
  /** Told the name of each file that a session's own check has found changed or gone, one character a byte. */
  onMarked: (name: string) => void = () => {};

  /** Sessions that the log has begun and not ended, by pid. */
  get open(): ReadonlyMap<number, Session> {
    return this.#open;
  }

  /** How many files each peer has sent us since we read. */
  get received(): ReadonlyMap<string, number> {
    return this.#received;
  }

  /**
   * Whether this was the last file of a session that is over, one character a byte: the session may have ended before it
   * had set owner, mode and time.
   */
  wasLast(name: string): boolean {
    return this.#last.has(name);
  }

  /** Learns from the end of an earlier log what sessions that are over received last. Nothing else of it counts. */
  recall(text: string): void {
    const earlier = new SessionLog();
    earlier.read(text);
    earlier.keep([]);
    for (const name of earlier.#last) this.#last.add(name);
  }

  /** Takes the next piece of the log; the last line may be unfinished. */
  read(text: string): void {
    const lines = (this.#pending + text).split('\n');
    this.#pending = (lines.pop() ?? '').slice(-longestLine);
    for (const line of lines) this.#readLine(line);
  }

  /** Forgets an unfinished line: the log has been truncated or replaced. */
  restart(): void {
    this.#pending = '';
  }

  /**
   * Ends the sessions whose process is gone, and begins those whose process is there without a line.
   *
   * @param now - when the processes were looked at, or a moment before that by which those gone had ended
   */
  keep(live: readonly number[], now = Date.now()): void {
    const alive = new Set(live);
    for (const pid of this.#open.keys()) if (!alive.has(pid)) this.#break(pid, now);
    for (const pid of this.#closed) if (!alive.has(pid)) this.#closed.delete(pid);
    for (const pid of live) if (!this.#open.has(pid)) this.#open.set(pid, newSession('unknown'));
  }

  /** Sessions that ended without their last word since the last call. */
  takeBroken(): readonly BrokenSession[] {
    const broken = this.#broken;
    this.#broken = [];
    return broken;
  }

  #break(pid: number, endedAt: number): void {
    const names = [...(this.#open.get(pid)?.names ?? [])];
    this.#close(pid);
    if (names.length > 0) this.#broken.push({ names, endedAt });
  }

  #readLine(line: string): void {
    // csync2 writes a line in pieces, so that those of two sessions may stand in one another. What came in is found
    // wherever it stands; from whom the line is, only if it is whole.
    const match = /^(?:\[\d\d:\d\d:\d\d\] )?<(\d+)> (.*)$/.exec(line);
    const pid = match ? Number(match[1]) : undefined;
    // A name may hold ` from `: the peer's name is behind the last one, and holds no blank.
    const update = /Updated (.*) from (\S+)\.$/.exec(line);
    const mark = /Marking file as dirty: (.*)$/.exec(line);
    if (mark) this.onMarked(mark[1] as string);
    if (update) this.#count(pid, update[1] as string, update[2] as string);
    else if (pid !== undefined) this.#readEvent(pid, match?.[2] as string);
  }

  #readEvent(pid: number, message: string): void {
    const connection = /^New connection from (.+):\d+\.$/.exec(message);
    if (connection) {
      this.#closed.delete(pid);
      this.#break(pid, Date.now());
      this.#open.set(pid, newSession(connection[1] as string));
    } else if (message === 'Connection closed.') {
      this.#close(pid);
      this.#closed.add(pid);
    } else if (message.startsWith('TOTALTIME:')) {
      this.#close(pid);
      this.#closed.delete(pid);
    } else if (message.startsWith('TIMESTAMP:') && !this.#open.has(pid) && !this.#closed.has(pid)) {
      this.#open.set(pid, newSession('unknown'));
    }
  }

  #count(pid: number | undefined, name: string, peer: string): void {
    this.#received.set(peer, (this.#received.get(peer) ?? 0) + 1);
    this.onReceived(name);
    const session = pid === undefined ? undefined : this.#open.get(pid);
    // Whose it is can't be told: it may be anybody's.
    const sessions = session ? [session] : this.#open.values();
    if (session) session.files++;
    for (const each of sessions) {
      // The last one stays the last.
      each.names.delete(name);
      each.names.add(name);
      each.last = name;
    }
  }

  #close(pid: number): void {
    const last = this.#open.get(pid)?.last;
    this.#open.delete(pid);
    if (last === undefined) return;
    this.#last.delete(last);
    this.#last.add(last);
    const [oldest] = this.#last;
    if (this.#last.size > lastKept && oldest !== undefined) this.#last.delete(oldest);
  }
}

/** One open session of the server. */
export interface Session {
  /** Address the peer came from. */
  readonly from: string;
  /** Files taken over so far. */
  files: number;
  /** Their names as csync2 has them, one character a byte, in their order. */
  readonly names: Set<string>;
  /** The one that came last. */
  last?: string;
}

/**
 * A session that was killed, or died of a fatal error: what it had not committed to the database is lost there, and not
 * on the disk.
 */
export interface BrokenSession {
  /** What it had taken over, one character a byte, in that order. */
  readonly names: readonly string[];
  /** It had ended by then; milliseconds since 1970. */
  readonly endedAt: number;
}

function newSession(from: string): Session {
  return { from, files: 0, names: new Set() };
}

const lastKept = 1000;
const longestLine = 16 * 1024;
