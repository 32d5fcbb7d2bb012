import { type FSWatcher, watch } from 'node:fs';
import { statOfProcess } from '../../proc/process.js';
import type { PathBytes } from '../../text/path-bytes.js';
import { LogTail } from '../server-log/log-tail.js';
import {
  type BrokenSession,
  type Reception,
  type Session,
  SessionLog,
} from '../server-log/session-log.js';
import type { MovedFile, SessionTraces, SessionVerdict } from '../server-log/session-traces.js';
import type { ProbedSession, SessionProbe } from './session-probe.js';
import type { StayingSession } from './session-reaper.js';

/**
 * Finds the processes that serve sessions right now; see {@link childrenOf} and
 * {@link externalSessions}.
 */
export type LiveSessions = () => readonly number[];

/** An open session, with its messages and the activity of its process. */
export interface OpenSession extends ProbedSession {
  readonly pid: number;
  /** Milliseconds since 1970. */
  readonly saidAt: number;
  /** The file that it received last and may not have finished; undefined if there is none. */
  readonly current: Reception | undefined;
}

/**
 * Shows whether the local csync2 server is receiving, and which files. Reads its log for events,
 * but decides by the live processes. A session without a process is over, whatever the log says,
 * and a process without a message is a session.
 */
export class Activity {
  readonly #log = new SessionLog();
  readonly #tail: LogTail;
  readonly #file: string;
  readonly #live: LiveSessions;
  readonly #probe: SessionProbe;
  readonly #traces: SessionTraces | undefined;

  /**
   * Create it before a server begins to write, and when no session of an earlier server is left.
   * Earlier log lines only show how files were received.
   *
   * @param file - the server's log; it may not exist yet
   * @param live - pids of the processes that serve a session now
   * @param traces - undefined if no traces are written
   */
  constructor(file: string, live: LiveSessions, probe: SessionProbe, traces?: SessionTraces) {
    this.#traces = traces;
    this.#file = file;
    this.#live = live;
    this.#probe = probe;
    this.#tail = new LogTail(file);
    this.#log.recall(this.#tail.recall());
    this.#log.keep([], Date.now());
    this.#log.takeBroken();
  }

  /**
   * Called for each file that a session has received, when the log is read; see
   * {@link SessionLog.onReceived}.
   */
  set onReceived(listener: (name: string, peer: string, at: number) => void) {
    this.#log.onReceived = listener;
  }

  /**
   * Called for each file that a session has marked, when the log is read; see
   * {@link SessionLog.onMarked}.
   */
  set onMarked(listener: (name: string, peer: string | undefined, at: number) => void) {
    this.#log.onMarked = listener;
  }

  /**
   * Called when a session has ended in which its peer has only looked; see
   * {@link SessionLog.onLooked}.
   */
  set onLooked(listener: (peer: string | undefined, at: number) => void) {
    this.#log.onLooked = listener;
  }

  /**
   * Called for each directory in whose place another host has something else, when the traces are
   * read; see {@link SessionTraces.onOccupied}.
   */
  set onOccupied(listener: (path: PathBytes) => void) {
    if (this.#traces) this.#traces.onOccupied = listener;
  }

  /**
   * Told each session that was accepted, or refused as a whole, when that is read; see
   * {@link SessionTraces.onVerdict}.
   */
  set onVerdict(listener: (verdict: SessionVerdict) => void) {
    if (this.#traces) this.#traces.onVerdict = listener;
  }

  /** Pids of the sessions that are open now. */
  openSessions(): readonly number[] {
    return [...this.#look().keys()];
  }

  /**
   * Pids of the open sessions that would collide with a check, because they use csync2's database
   * or are in the middle of a file.
   */
  busySessions(): readonly number[] {
    return [...this.#look()].flatMap(([pid, { phase }]) => (isBusy(phase) ? [pid] : []));
  }

  /** The open sessions, and the files that they are receiving. */
  receiving(): readonly OpenSession[] {
    return [...this.#look()].map(([pid, probed]) => {
      const session = this.#log.open.get(pid);
      const last = session?.received.at(-1);
      const current = last?.until === undefined ? last : undefined;
      return { ...probed, pid, saidAt: session?.saidAt ?? 0, current };
    });
  }

  /** The open sessions, for the decision how long they may stay. */
  staying(): readonly StayingSession[] {
    const now = Date.now();
    return [...this.#look()].map(([pid, { phase, idleFor }]) => ({
      pid,
      phase,
      idleFor,
      age: now - (this.#log.open.get(pid)?.beganAt ?? now),
      isAtImpasse: this.#log.open.get(pid)?.isAtImpasse ?? false,
    }));
  }

  /** Whether the log shows every received file, as it does if the launcher writes it. */
  get tellsAll(): boolean {
    return this.#log.keepers.size > 0;
  }

  /** The last reception of a file of this name, one character a byte, according to the log. */
  reception(name: string): Reception | undefined {
    return this.#log.reception(name);
  }

  /**
   * Whether sessions close each file before they move it into its place, as far as is known; see
   * {@link SessionTraces.closesFirst}.
   */
  get closesFirst(): boolean {
    const traces = this.#traces;
    return (
      traces !== undefined &&
      [...this.#log.keepers.keys()].some((server) => traces.closesFirst(server))
    );
  }

  /**
   * The last times when sessions moved a file into this place, in ascending order, in milliseconds
   * since 1970. Without traces, the times of their messages about it, which may be removals.
   *
   * @param names - csync2's names for the path, one character a byte
   */
  movedAt(path: PathBytes, names: readonly string[]): readonly number[] {
    if (this.closesFirst) return this.#traces?.moved(path).map(({ at }) => at) ?? [];
    return names
      .flatMap((name) => this.#log.receptionTimes(name))
      .sort((one, other) => one - other);
  }

  /**
   * The file that a session has moved into this place last; undefined if that was long ago, never,
   * or is unknown.
   */
  movedLast(path: PathBytes): MovedFile | undefined {
    return this.closesFirst ? this.#traces?.moved(path).at(-1) : undefined;
  }

  /**
   * When a session last set a file's time, as of the last look; undefined if that was long ago,
   * never, or is unknown.
   */
  timeSetAt(path: PathBytes): number | undefined {
    return this.#traces?.timeSetAt(path);
  }

  /** Sessions that ended without their last message since the last call. */
  takeBroken(): readonly BrokenSession[] {
    this.#look();
    return this.#log.takeBroken();
  }

  /**
   * Paths that ended sessions have left empty, each once. A session had removed an obstacle to a
   * file, and has not received the file.
   *
   * @param namesOf - the names that csync2 has for a path, one character a byte
   */
  takeEmptied(namesOf: (path: PathBytes) => readonly string[]): readonly PathBytes[] {
    if (!this.#traces) return [];
    const lookedAt = Date.now();
    return this.#traces.takeEmptied({
      open: new Set(this.openSessions()),
      lookedAt,
      updatedAt: (path) =>
        Math.max(...namesOf(path).map((name) => this.reception(name)?.since ?? 0), 0),
    });
  }

  /**
   * Whether a session that was open at the last look has removed the file at a path, and not
   * finished with the path yet.
   */
  isEmptied(path: PathBytes): boolean {
    return this.#traces?.isEmptied(path) ?? false;
  }

  /** The open sessions according to the log. */
  sessions(): ReadonlyMap<number, Session> {
    this.#look();
    return this.#log.open;
  }

  /** Files received so far, by peer. */
  received(): ReadonlyMap<string, number> {
    this.#log.read(this.#tail.read());
    return this.#log.received;
  }

  /**
   * Waits until no session except those of `except` is {@link busy}, for at most `seconds` without
   * a received file and `mostSeconds` in all. Resolves to false if one is still busy. The log wakes
   * it. It also looks again now and then, because a killed session writes no last message.
   */
  async quiet(
    seconds: number,
    signal?: AbortSignal,
    except: ReadonlySet<number> = new Set(),
    mostSeconds = seconds,
  ): Promise<boolean> {
    const begun = performance.now();
    const isQuiet = () => {
      const now = performance.now();
      return [...this.#look()].every(([pid, { phase }]) => {
        if (except.has(pid)) return true;
        // A peer identifies itself within milliseconds. Silent clients, however many, can't delay
        // a check for longer.
        const isGreeting = phase === 'unidentified' && now - begun < greetingMilliseconds;
        return !isBusy(phase) && !(isGreeting && this.#isNew(pid));
      });
    };
    if (isQuiet()) return true;
    const end = begun + mostSeconds * 1000;
    let deadline = performance.now() + seconds * 1000;
    let pause: number = lookAgainMilliseconds.soonest;
    while (performance.now() < deadline && !signal?.aborted) {
      const changed = await this.#change(Math.min(pause, deadline - performance.now()), signal);
      if (isQuiet()) return true;
      if (changed) deadline = Math.min(end, Math.max(deadline, performance.now() + seconds * 1000));
      // A session ends a few milliseconds after its last message, and the next may follow at once:
      // a gap between two must not be slept through.
      pause = changed
        ? lookAgainMilliseconds.soonest
        : Math.min(pause * 2, lookAgainMilliseconds.latest);
    }
    return false;
  }

  #isNew(pid: number): boolean {
    return Date.now() - (this.#log.open.get(pid)?.beganAt ?? 0) < greetingMilliseconds;
  }

  dispose(): void {
    this.#tail.close();
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

  /**
   * Reads in a fixed order. First the processes, then whether all their messages are written, then
   * the messages. A process that is gone has noted everything that it did. If its notes were read
   * first, its last changes would look like those of another process.
   */
  #look(): ReadonlyMap<number, ProbedSession> {
    const now = Date.now();
    const known = new Set(this.#log.open.keys());
    const live = this.#live();
    const probed = this.#probe.look(live);
    this.#traces?.look();
    const isWritten = this.#isWritten();
    this.#log.read(this.#tail.read());
    const begun = [...this.#log.open.keys()].filter((pid) => !known.has(pid));
    // A session that is gone may have sent a last message, which is still on its way into the log.
    const undecided = isWritten ? begun : [...this.#log.open.keys()];
    this.#log.keep([...live, ...undecided], now);
    return probed;
  }

  /**
   * Whether all messages that sessions have sent are in the log. Its writer sleeps only when
   * everything is written.
   */
  #isWritten(): boolean {
    const until = performance.now() + writingMilliseconds;
    do {
      const isWriting = [...this.#log.keepers].some(([server, keeper]) => {
        const state = statOfProcess(keeper)?.state;
        if (state === undefined) this.#log.forgetKeeper(server);
        return state !== undefined && state !== 'S' && state !== 'Z';
      });
      if (!isWriting) return true;
    } while (performance.now() < until);
    return false;
  }
}

function isBusy(phase: ProbedSession['phase']): boolean {
  return phase === 'working' || phase === 'writing';
}

const lookAgainMilliseconds = { soonest: 3, latest: 50 } as const;
/**
 * More than csync2 needs from its connection to its first command, including the handshake of TLS.
 */
const greetingMilliseconds = 150;
/** Writing a line takes some microseconds, so the wait is short. */
const writingMilliseconds = 2;
