import { type FSWatcher, watch } from 'node:fs';
import { isShortage } from '../../proc/shortage.js';
import { sendSignal } from '../../proc/signal.js';
import type { SessionPhase } from './session-probe.js';

/** The facts about a session that decide how long it may stay. Times in milliseconds. */
export interface StayingSession {
  readonly pid: number;
  readonly phase: SessionPhase;
  /** How long it has been open. */
  readonly age: number;
  /** How long the session has done nothing. */
  readonly idleFor: number;
  /** The session and its peer wait for each other, if the session does nothing. */
  readonly isAtImpasse: boolean;
}

/** The inputs of the reaper. */
export interface SessionReaperParts {
  /** The open sessions of our server. */
  readonly sessions: () => readonly StayingSession[];
  /** The server's log, which grows with each connection. */
  readonly logFile: string;
  /** Called with the number of connections that have been ended. */
  readonly onEnded: (count: number) => void;
}

/**
 * Ends unused connections to csync2's server. The server forks for each connection and limits
 * neither their number nor their time, so a client that can reach its port could fill the process
 * table with silent ones.
 */
export class SessionReaper {
  readonly #parts: SessionReaperParts;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SessionReaperParts) {
    this.#parts = parts;
  }

  /** Examines the sessions as long as there are any. Sets no timer when there are none. */
  start(): void {
    // Without a log no server runs.
    this.#watcher = watch(this.#parts.logFile, { persistent: false }, () => this.#arm());
    this.#watcher.on('error', () => this.#arm());
    this.#arm();
  }

  stop(): void {
    this.#watcher?.close();
    clearTimeout(this.#timer);
  }

  #arm(): void {
    if (this.#timer) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      if (this.#areLeft()) this.#arm();
    }, lookMilliseconds);
    this.#timer.unref();
  }

  /** Whether sessions must be examined again; true if descriptors are too short to tell. */
  #areLeft(): boolean {
    try {
      return this.#look() > 0;
    } catch (error) {
      if (isShortage(error)) return true;
      throw error;
    }
  }

  /** @returns the number of sessions */
  #look(): number {
    const sessions = this.#parts.sessions();
    const ended = unusedSessions(sessions);
    for (const { pid } of ended) sendSignal(pid, 'SIGTERM');
    if (ended.length > 0) this.#parts.onEnded(ended.length);
    return sessions.length;
  }
}

/**
 * Selects the sessions to end. These are silent sessions after a while, or at once if they are
 * many, sessions whose peer has gone, and sessions that wait for a peer that waits for them.
 */
export function unusedSessions(sessions: readonly StayingSession[]): StayingSession[] {
  const silent = sessions
    .filter(({ phase }) => phase === 'unidentified')
    .sort((one, other) => other.age - one.age);
  const tooMany = Math.max(0, silent.length - mostSilent);
  return [
    ...silent.filter(({ age }, index) => index < tooMany || age > silentMilliseconds),
    ...sessions.filter(({ phase, idleFor }) => phase === 'idle' && idleFor > idleMilliseconds),
    // Such a session has the directory open, and may have locked the database.
    ...sessions.filter(({ idleFor, isAtImpasse }) => isAtImpasse && idleFor > impasseMilliseconds),
  ];
}

const lookMilliseconds = 1000;
/** A csync2 sends its name at once after connecting, or with TLS after a handshake. */
const silentMilliseconds = 30_000;
const mostSilent = 32;
/** More than a peer needs to continue when it has noticed the rejection. */
const impasseMilliseconds = 1000;
/**
 * A peer may compute for long between two commands, for a file of many gigabytes. csync2 never
 * notices a peer that has vanished.
 */
const idleMilliseconds = 3600_000;
