import { realpathSync } from 'node:fs';
import { writersOf } from '../../proc/locks.js';
import {
  awaitedDescriptorOf,
  bytesMovedBy,
  openFilesOf,
  statOfProcess,
} from '../../proc/process.js';

/**
 * The activity of a session of csync2's server; see {@link sessionPhaseText}. Its process shows
 * that, not its messages.
 */
export type SessionPhase = 'unidentified' | 'idle' | 'working' | 'writing';

/** One phrase for each phase. */
export const sessionPhaseText: Readonly<Record<SessionPhase, string>> = {
  unidentified: 'connected, but has not said who it is',
  idle: 'waiting for the peer',
  working: 'receiving',
  writing: "writing to csync2's database",
};

/** A session's process as it was at one moment. */
export interface ProbedSession {
  readonly phase: SessionPhase;
  /**
   * The session waits for the network, so it has sent a message for everything that it has done.
   * That is not true while it sleeps because the database is locked. Then a file may be in its
   * place without a message.
   */
  readonly isWaiting: boolean;
  /**
   * Paths of the regular files that the session has open in the trees or elsewhere, one character a
   * byte. They are the files that it is receiving.
   */
  readonly openFiles: readonly string[];
  /** Milliseconds since the session did anything, as far as known. */
  readonly idleFor: number;
}

/** Facts about the server that the probe needs. */
export interface ProbeOptions {
  /** File of csync2's database; undefined if that is a database server. */
  readonly database: string | undefined;
  /** Whether we run the csync2 server. */
  readonly managed: boolean;
}

/** Examines the processes of sessions. */
export class SessionProbe {
  readonly #options: ProbeOptions;
  readonly #seen = new Map<number, { progress: string; since: number }>();

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  /**
   * Examines these sessions. Sessions that are gone by then are left out.
   *
   * @param now - milliseconds of a clock that never goes back
   */
  look(pids: readonly number[], now = performance.now()): ReadonlyMap<number, ProbedSession> {
    for (const pid of this.#seen.keys()) if (!pids.includes(pid)) this.#seen.delete(pid);
    if (pids.length === 0) return new Map();
    const file = this.#options.database;
    const database = file === undefined ? undefined : realPath(file);
    const writers = database === undefined ? new Set<number>() : writersOf(database);
    const found = new Map<number, ProbedSession>();
    for (const pid of pids) {
      const session = this.#probe(pid, { database, writers, now });
      if (session) found.set(pid, session);
    }
    return found;
  }

  #probe(
    pid: number,
    {
      database,
      writers,
      now,
    }: { database: string | undefined; writers: ReadonlySet<number>; now: number },
  ): ProbedSession | undefined {
    const stat = statOfProcess(pid);
    if (!stat || stat.state === 'Z') return undefined;
    const idleFor = this.#idleFor(pid, `${stat.ticks} ${bytesMovedBy(pid)}`, now);
    const open = openFilesOf(pid);
    const awaited = awaitedDescriptorOf(pid);
    const isWaiting = awaited !== undefined && (open.get(awaited)?.startsWith('socket:') ?? false);
    const files = [...open.values()].filter((target) => target.startsWith('/'));
    const isIdentified = this.#isIdentified(open, database);
    const openFiles = files.filter(
      (file) => file !== database && !file.startsWith(`${database}-`) && !file.startsWith('/dev/'),
    );
    const isIdle = isWaiting && idleFor >= idleMilliseconds && openFiles.length === 0;
    const phase = !isIdentified
      ? 'unidentified'
      : writers.has(pid)
        ? 'writing'
        : isIdle
          ? 'idle'
          : 'working';
    return { phase, isWaiting, openFiles, idleFor };
  }

  /** csync2 opens its database at the first command (CONFIG). */
  #isIdentified(open: ReadonlyMap<number, string>, database: string | undefined): boolean {
    if (database !== undefined) return [...open.values()].includes(database);
    // A connection to a database server is one socket more.
    return !this.#options.managed || socketsOf(open) > socketsOfSilent;
  }

  #idleFor(pid: number, progress: string, now: number): number {
    const before = this.#seen.get(pid);
    if (before?.progress === progress) return now - before.since;
    this.#seen.set(pid, { progress, since: now });
    return 0;
  }
}

function socketsOf(open: ReadonlyMap<number, string>): number {
  return new Set([...open.values()].filter((target) => target.startsWith('socket:'))).size;
}

function realPath(file: string): string | undefined {
  try {
    return realpathSync(file, 'buffer').toString('latin1');
  } catch {
    // A missing file can't be open.
    return undefined;
  }
}

/** The session's connection, its server's listening socket, and the socket for its messages. */
const socketsOfSilent = 3;
/** More than a peer on the same network needs between two commands. */
const idleMilliseconds = 100;
