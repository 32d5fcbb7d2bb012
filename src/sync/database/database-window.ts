import { setTimeout as sleep } from 'node:timers/promises';
import { isLocked } from '../../csync2/database/connection.js';
import { Mutex } from '../common/mutex.js';

/**
 * The questions of {@link DatabaseWindow} about the local csync2 server, before a task may use the
 * database.
 */
export interface ServerSessions {
  /**
   * Resolves to true when no session other than these is busy, to false after so many seconds
   * without any reception, or after so many seconds in all.
   */
  quiet(
    seconds: number,
    signal?: AbortSignal,
    except?: ReadonlySet<number>,
    mostSeconds?: number,
  ): Promise<boolean>;
  /** Pids of the sessions that a check would meet at the database, or in the middle of a file. */
  busySessions?(): readonly number[];
}

/** Holds up new sessions; open ones go on. Only a server that we run has a gate. */
export interface ServerGate {
  holdSessions(): void;
  releaseSessions(): void;
}

/**
 * The only way to csync2's database: one task at a time, and only while the server serves no peer.
 * csync2 sleeps for a second when it meets a lock, and a check that runs beside a session takes
 * half-received files for local changes and sends them back.
 *
 * New sessions are held up for the length of a task: their connections wait in the kernel's queue,
 * which costs a few milliseconds and is not noticed. Waiting tasks follow at once, because
 * otherwise a session would come in between two tasks, and each task would wait for one. A task
 * waits for busy sessions, but not for ever, because one that receives a large file may take
 * minutes. It waits longer for a session that receives file after file: beside such a session
 * csync2 would sleep for seconds, too, and meet files that had not arrived when the check was
 * planned.
 */
export class DatabaseWindow {
  readonly #sessions: ServerSessions;
  readonly #gate: ServerGate | undefined;
  readonly #patienceSeconds: number;
  readonly #turn = new Mutex();
  /**
   * Sessions that did not end while a task waited: a session whose peer is gone stays open for
   * ever.
   */
  #outwaited: ReadonlySet<number> = new Set();
  #isWorn = false;
  /**
   * When new sessions were held up, by the clock of `performance`; undefined if they are let in.
   */
  #closedAt: number | undefined;

  /** @param patienceSeconds - how long a task waits for open sessions */
  constructor(sessions: ServerSessions, gate: ServerGate | undefined, patienceSeconds: number) {
    this.#sessions = sessions;
    this.#gate = gate;
    this.#patienceSeconds = patienceSeconds;
  }

  /**
   * Runs a task in its turn.
   *
   * @param task - called with whether the server is quiet; if not, the task runs beside a session
   */
  run<Result>(task: (quiet: boolean) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return this.#turn.run(async () => {
      this.#close();
      try {
        return await task(await this.#awaitQuiet(signal));
      } finally {
        await this.#open();
      }
    });
  }

  #close(): void {
    if (this.#closedAt !== undefined) return;
    this.#gate?.holdSessions();
    this.#closedAt = performance.now();
  }

  /**
   * Lets sessions in, unless the next task waits already, and new sessions have not been held up
   * for long.
   */
  async #open(): Promise<void> {
    const isWaitedFor = this.#turn.isWaitedFor;
    if (isWaitedFor && performance.now() - (this.#closedAt ?? 0) < heldUpMilliseconds) return;
    this.#closedAt = undefined;
    this.#gate?.releaseSessions();
    // The server's process needs a moment to let a session in.
    if (isWaitedFor && this.#gate) await sleep(letInMilliseconds);
  }

  async #awaitQuiet(signal?: AbortSignal): Promise<boolean> {
    // If sessions can't be told apart, one failed wait is enough until the server has been quiet.
    const patience = this.#isWorn && !this.#sessions.busySessions ? 0 : this.#patienceSeconds;
    const most = patience * whileReceiving;
    const isQuiet = await this.#sessions.quiet(patience, signal, this.#outwaited, most);
    this.#isWorn = !isQuiet;
    const busy = this.#sessions.busySessions?.() ?? [];
    // The sessions that did not end during this wait, or earlier ones that are still there.
    this.#outwaited = new Set(isQuiet ? busy.filter((pid) => this.#outwaited.has(pid)) : busy);
    return isQuiet && busy.length === 0;
  }
}

/**
 * Does something to csync2's database as soon as it is not locked. A session that the window no
 * longer waits for may lock it for some seconds. Call it in a window.
 *
 * @param action - throws `SQLITE_BUSY` if the database is locked
 * @returns whether the action has succeeded
 */
export async function whenNotBusy(action: () => void): Promise<boolean> {
  for (let attempt = 0; attempt < attempts; attempt++) {
    try {
      action();
      return true;
    } catch (error) {
      if (!isLocked(error)) throw error;
      await sleep(pauseMilliseconds);
    }
  }
  return false;
}

/** How long new sessions are held up before one is let in between two tasks. */
const heldUpMilliseconds = 100;
const letInMilliseconds = 2;
const attempts = 50;
const pauseMilliseconds = 100;
/** A task waits this many times longer for sessions while they receive. */
const whileReceiving = 6;
