import { realpathSync } from 'node:fs';
import { writersOf } from '../../proc/locks.js';
import {
  awaitedDescriptorOf,
  bytesMovedBy,
  openFilesOf,
  statOfProcess,
} from '../../proc/process.js';

/**
 * What a session of csync2's server does; see {@link sessionPhaseText}. Told by its process and
 * never by what it says.
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
   * It waits for the network: whatever it has done before, it has said. Not so where it sleeps
   * because the database is locked: then a file is in its place that it has not spoken of yet.
   */
  readonly isWaiting: boolean;
  /**
   * Paths of the regular files that it has open in the trees or elsewhere, one character a byte:
   * what it receives just now.
   */
  readonly openFiles: readonly string[];
  /** Milliseconds since it did anything, as far as has been looked. */
  readonly idleFor: number;
}

/** What the probe has to know of the server. */
export interface ProbeOptions {
  /** File of csync2's database; undefined where that is a server. */
  readonly database: string | undefined;
  /** Whether we run the csync2 server. */
  readonly managed: boolean;
}

/** Looks at the processes of sessions. */
export class SessionProbe {
  readonly #options: ProbeOptions;
  readonly #seen = new Map<number, { progress: string; since: number }>();

  constructor(options: ProbeOptions) {
    this.#options = options;
  }

  /**
   * Looks at these sessions. Those that are gone by then are left out.
   *
   * @param now - milliseconds of a clock that only goes forward
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
    // A database on a server is one socket more.
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
    // Nobody can have it open.
    return undefined;
  }
}

/** Its connection, the listening socket of its server, and the one that takes what it says. */
const socketsOfSilent = 3;
/** More than a peer on the same network needs between two commands. */
const idleMilliseconds = 100;
