import { type FSWatcher, watch } from 'node:fs';
import { isShortage } from '../../proc/shortage.js';
import { sendSignal } from '../../proc/signal.js';
import type { SessionPhase } from './session-probe.js';

/** A session, as far as it matters for how long it may stay. Times in milliseconds. */
export interface StayingSession {
  readonly pid: number;
  readonly phase: SessionPhase;
  /** How long it has been open. */
  readonly age: number;
  /** How long it has done nothing. */
  readonly idleFor: number;
  /** It and its peer wait for each other, if it does nothing. */
  readonly isAtImpasse: boolean;
}

/** What the reaper works with. */
export interface SessionReaperParts {
  /** The open sessions of our server. */
  readonly sessions: () => readonly StayingSession[];
  /** The server's log: it grows with each connection. */
  readonly logFile: string;
  /** Told how many connections have been ended. */
  readonly onEnded: (count: number) => void;
}

/**
 * Ends connections to csync2's server that nobody uses. The server forks for each and sets no bound
 * to their number or their time, so that anybody who can reach its port could fill the process
 * table with silent ones.
 */
export class SessionReaper {
  readonly #parts: SessionReaperParts;
  #watcher: FSWatcher | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(parts: SessionReaperParts) {
    this.#parts = parts;
  }

  /** Looks as long as there are sessions; wakes nobody when there are none. */
  start(): void {
    // No log, no server.
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

  /**
   * Whether any is to be looked at again; if that can't be told for want of descriptors, so it is.
   */
  #areLeft(): boolean {
    try {
      return this.#look() > 0;
    } catch (error) {
      if (isShortage(error)) return true;
      throw error;
    }
  }

  /** @returns how many sessions there are */
  #look(): number {
    const sessions = this.#parts.sessions();
    const ended = unusedSessions(sessions);
    for (const { pid } of ended) sendSignal(pid, 'SIGTERM');
    if (ended.length > 0) this.#parts.onEnded(ended.length);
    return sessions.length;
  }
}

/**
 * Those that are to be ended: silent ones after a while, or at once if they are many; those whose
 * peer has gone; and those that wait for a peer which waits for them.
 */
export function unusedSessions(sessions: readonly StayingSession[]): StayingSession[] {
  const silent = sessions
    .filter(({ phase }) => phase === 'unidentified')
    .sort((one, other) => other.age - one.age);
  const tooMany = Math.max(0, silent.length - mostSilent);
  return [
    ...silent.filter(({ age }, index) => index < tooMany || age > silentMilliseconds),
    ...sessions.filter(({ phase, idleFor }) => phase === 'idle' && idleFor > idleMilliseconds),
    // It has the directory open, and may have locked the database.
    ...sessions.filter(({ idleFor, isAtImpasse }) => isAtImpasse && idleFor > impasseMilliseconds),
  ];
}

const lookMilliseconds = 1000;
/** A csync2 that connects says at once who it is; with TLS after a handshake. */
const silentMilliseconds = 30_000;
const mostSilent = 32;
/** More than a peer needs to go on, where it has seen by itself that it is refused. */
const impasseMilliseconds = 1000;
/**
 * A peer may compute for long between two commands, for a file of many gigabytes. One that has
 * vanished is never noticed.
 */
const idleMilliseconds = 3600_000;
