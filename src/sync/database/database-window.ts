import { setTimeout as sleep } from 'node:timers/promises';
import { isLocked } from '../../csync2/database/ledger.js';
import { Mutex } from '../common/mutex.js';

/**
 * What {@link DatabaseWindow} asks about the local csync2 server before it lets a task use the
 * database.
 */
export interface ServerSessions {
  /**
   * Resolves to true when no session is busy but these, to false after so many seconds without
   * anything received, or so many in all.
   */
  quiet(
    seconds: number,
    signal?: AbortSignal,
    except?: ReadonlySet<number>,
    mostSeconds?: number,
  ): Promise<boolean>;
  /** Pids of the sessions that a check would meet in the database, or in the middle of a file. */
  busySessions?(): readonly number[];
}

/** Holds new sessions up; those that are open go on. Only a server that we run has one. */
export interface ServerGate {
  holdSessions(): void;
  admitSessions(): void;
}

/**
 * The one way to csync2's database: one task at a time, and while the server serves nobody. csync2
 * sleeps for a second when it meets a lock, and a check that runs beside a session takes
 * half-received files for local changes and sends them back.
 *
 * For the length of a task new sessions are held up: their connections wait in the kernel's queue,
 * unnoticed but for the few milliseconds. Tasks that wait go on at once: between two of them a
 * session would come in, and each would wait for one. Sessions that are busy are waited for, but
 * not for ever: one that receives a large file may take minutes. One that receives file after file
 * is waited for longer: beside it csync2 would sleep for seconds, too, and meet files that had not
 * arrived when the check was planned.
 */
export class DatabaseWindow {
  readonly #sessions: ServerSessions;
  readonly #gate: ServerGate | undefined;
  readonly #patienceSeconds: number;
  readonly #turn = new Mutex();
  /** Sessions that were waited for in vain: one whose peer is gone stays open for ever. */
  #outwaited: ReadonlySet<number> = new Set();
  #isWorn = false;
  /** When new sessions were held up, in the clock of `performance`; undefined: they come in. */
  #closedAt: number | undefined;

  /** @param patienceSeconds - how long open sessions are waited for */
  constructor(sessions: ServerSessions, gate: ServerGate | undefined, patienceSeconds: number) {
    this.#sessions = sessions;
    this.#gate = gate;
    this.#patienceSeconds = patienceSeconds;
  }

  /**
   * Runs a task in its turn.
   *
   * @param task - is told whether the server is quiet; if not, it runs beside a session
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

  /** Unless the next task waits already, and new sessions have not been held up for long. */
  async #open(): Promise<void> {
    const isWaitedFor = this.#turn.isWaitedFor;
    if (isWaitedFor && performance.now() - (this.#closedAt ?? 0) < heldUpMilliseconds) return;
    this.#closedAt = undefined;
    this.#gate?.admitSessions();
    // The server's process must be given the moment to let one in.
    if (isWaitedFor && this.#gate) await sleep(letInMilliseconds);
  }

  async #awaitQuiet(signal?: AbortSignal): Promise<boolean> {
    // Where the sessions can't be told apart, one wait in vain is enough until there has been
    // quiet.
    const patience = this.#isWorn && !this.#sessions.busySessions ? 0 : this.#patienceSeconds;
    const most = patience * whileReceiving;
    const isQuiet = await this.#sessions.quiet(patience, signal, this.#outwaited, most);
    this.#isWorn = !isQuiet;
    const busy = this.#sessions.busySessions?.() ?? [];
    // Those that were waited for now, and those of before that are still there.
    this.#outwaited = new Set(isQuiet ? busy.filter((pid) => this.#outwaited.has(pid)) : busy);
    return isQuiet && busy.length === 0;
  }
}

/**
 * Does something to csync2's database as soon as nobody has it locked: a session that is waited for
 * no longer may, for some seconds. For use in a window.
 *
 * @param action - throws `SQLITE_BUSY` if it is locked
 * @returns whether it has been done
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
/** How many times longer sessions are waited for while they receive. */
const whileReceiving = 6;
