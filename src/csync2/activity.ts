import {
  closeSync,
  type FSWatcher,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
  statSync,
  watch,
} from 'node:fs';
import { endOf } from './server-log.js';
import { type BrokenSession, type Session, SessionLog } from './session-log.js';

/** Finds the processes that serve sessions right now; see {@link childrenOf} and {@link sessionProcesses}. */
export type LiveSessions = () => readonly number[];

/**
 * Whether the local csync2 server is receiving. Tails its log for what happens and takes the live processes for the
 * truth: a session without a process is over, whatever the log says, and a process without a line is a session.
 */
export class Activity {
  readonly #log = new SessionLog();
  readonly #file: string;
  readonly #live: LiveSessions;
  #fd: number | undefined;
  #inode: number | undefined;
  #offset = 0;

  /**
   * Make it before a server begins to write, and when no session of an earlier one goes on: of what stands in the log by
   * then, only that counts which sessions received last.
   *
   * @param file - the server's log; it may not exist yet
   * @param live - pids of the processes that serve a session now
   */
  constructor(file: string, live: LiveSessions) {
    this.#file = file;
    this.#live = live;
    this.#reopenIfReplaced();
    if (this.#fd !== undefined) {
      this.#offset = fstatSync(this.#fd).size;
      this.#log.recall(endOf(this.#fd, recalledBytes));
    }
  }

  /** Told the name of each file that a session has received, one character a byte, when the log is read. */
  set onReceived(listener: (name: string) => void) {
    this.#log.onReceived = listener;
  }

  /** Told the name of each file that a session has found changed or gone, one character a byte, when the log is read. */
  set onMarked(listener: (name: string) => void) {
    this.#log.onMarked = listener;
  }

  /** Pids of the sessions that are open now. */
  open(): readonly number[] {
    return this.#look(Date.now());
  }

  /** Sessions that ended without their last word since the last call. */
  takeBroken(): readonly BrokenSession[] {
    this.open();
    return this.#log.takeBroken();
  }

  /** What the log knows of the open sessions. */
  sessions(): ReadonlyMap<number, Session> {
    this.open();
    return this.#log.open;
  }

  /** Whether an open session has taken over the file of this name, one character a byte, or `within` one below it. */
  isReceiving(name: string, within = false): boolean {
    const below = `${name === '/' ? '' : name}/`;
    const isIn = (names: ReadonlySet<string>) => [...names].some((each) => each.startsWith(below));
    return [...this.#log.open.values()].some(({ names }) => names.has(name) || (within && isIn(names)));
  }

  /** Whether a session that is over may have ended in the middle of this file, one character a byte. */
  mayBeHalfReceived(name: string): boolean {
    return this.#log.wasLast(name);
  }

  /** Files received so far, by peer. */
  received(): ReadonlyMap<string, number> {
    this.#tail();
    return this.#log.received;
  }

  /**
   * Waits until no session is open but those of `except`, for `seconds` in which nothing is received, and for
   * `mostSeconds` in all. Resolves to false if one was open still. Woken by the log; looks again now and then while it waits, because a killed session writes no last line.
   */
  async quiet(
    seconds: number,
    signal?: AbortSignal,
    except: ReadonlySet<number> = new Set(),
    mostSeconds = seconds,
  ): Promise<boolean> {
    const isQuiet = () => this.open().every((pid) => except.has(pid));
    if (isQuiet()) return true;
    const end = performance.now() + mostSeconds * 1000;
    let deadline = performance.now() + seconds * 1000;
    let pause: number = lookAgainMilliseconds.soonest;
    while (performance.now() < deadline && !signal?.aborted) {
      const changed = await this.#change(Math.min(pause, deadline - performance.now()), signal);
      if (isQuiet()) return true;
      if (changed) deadline = Math.min(end, Math.max(deadline, performance.now() + seconds * 1000));
      // A session ends a few milliseconds after its last line, and the next may follow at once: a gap between two
      // must not be slept through.
      pause = changed ? lookAgainMilliseconds.soonest : Math.min(pause * 2, lookAgainMilliseconds.latest);
    }
    return false;
  }

  close(): void {
    if (this.#fd !== undefined) closeSync(this.#fd);
    this.#fd = undefined;
  }

  /** Resolves to true when the log has changed, to false when the time is over. */
  #change(milliseconds: number, signal?: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      let watcher: FSWatcher | undefined;
      const done = (changed: boolean) => {
        clearTimeout(timer);
        watcher?.close();
        signal?.removeEventListener('abort', onTime);
        resolve(changed);
      };
      const onTime = () => done(false);
      const timer = setTimeout(onTime, Math.max(1, milliseconds));
      signal?.addEventListener('abort', onTime, { once: true });
      try {
        watcher = watch(this.#file, { persistent: false }, () => done(true));
        watcher.on('error', onTime);
      } catch {
        // No log, no waking: the timer looks again.
      }
    });
  }

  #look(now: number): readonly number[] {
    this.#tail();
    const known = new Set(this.#log.open.keys());
    const live = this.#live();
    if ([...known].some((pid) => !live.includes(pid))) {
      // It may have said its last word since; and others may have begun that are not among the living yet.
      this.#tail();
      const begun = [...this.#log.open.keys()].filter((pid) => !known.has(pid));
      this.#log.keep([...live, ...begun], now);
    } else {
      this.#log.keep(live, now);
    }
    return live;
  }

  #tail(): void {
    this.#reopenIfReplaced();
    this.#readToEnd();
  }

  #readToEnd(): void {
    if (this.#fd === undefined) return;
    const { size } = fstatSync(this.#fd);
    if (size < this.#offset) {
      this.#offset = 0;
      this.#log.restart();
    }
    const chunk = Buffer.alloc(64 * 1024);
    while (this.#offset < size) {
      const length = readSync(this.#fd, chunk, 0, chunk.length, this.#offset);
      if (length === 0) break;
      this.#offset += length;
      this.#log.read(chunk.toString('latin1', 0, length));
    }
  }

  #reopenIfReplaced(): void {
    const inode = statSync(this.#file, { throwIfNoEntry: false })?.ino;
    if (inode === this.#inode) return;
    // What was written between the last look and the rotation.
    this.#readToEnd();
    this.close();
    this.#inode = inode;
    this.#offset = 0;
    this.#log.restart();
    if (inode === undefined) return;
    try {
      this.#fd = openSync(this.#file, 'r');
    } catch (error) {
      // Rotated away between the look and the opening: the next look finds the new one.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
      this.#inode = undefined;
    }
  }
}

/** The children of a process (proc_pid_task_children(5)): a csync2 server forks one for each session. */
export function childrenOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1');
    return children.split(' ').filter(Boolean).map(Number);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

/** Some thousand lines: more than can be of the last seconds. */
const recalledBytes = 512 * 1024;
const lookAgainMilliseconds = { soonest: 3, latest: 50 } as const;
