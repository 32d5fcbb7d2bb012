import { closeSync, createWriteStream, fstatSync } from 'node:fs';
import { execa } from 'execa';
import { exitCodes, InotifyCsyncError } from '../../errors.js';
import { launcherPath, preloadPath } from '../../native.js';
import { childrenOf, statOfProcess } from '../../proc/process.js';
import { isShortage, requireDescriptors } from '../../proc/shortage.js';
import { sendSignal } from '../../proc/signal.js';
import { membersOfSession, ownsListeningSocket } from '../../proc/sockets.js';
import { type PathBytes, toKey } from '../../text/path-bytes.js';
import type { CsyncConfig } from '../cfg/index.js';
import { type Instance, instanceArguments, instanceEnvironment } from '../run/instance.js';
import { boundLog, lastMessage, openLog } from '../server-log/log-file.js';
import { HeldConfiguration } from './held-configuration.js';
import { claimPort } from './server-port.js';

/** The state of the csync2 server that this service runs; see {@link serverStateText}. */
export type ServerState = 'stopped' | 'starting' | 'listening' | 'restarting';

/** One phrase for each state. */
export const serverStateText: Readonly<Record<ServerState, string>> = {
  stopped: 'the csync2 server is stopped',
  starting: 'the csync2 server is starting',
  listening: 'the csync2 server is listening',
  restarting: 'the csync2 server exited and is being restarted',
};

/** Called when the server's state changes, for the log. */
export interface ServerEvents {
  readonly onListening?: (pid: number) => void;
  readonly onEnded?: (why: string, restartSeconds: number) => void;
}

/**
 * A `csync2 -ii -t -v` that we start and keep running. The launcher writes its messages into the
 * log file, whose size is limited. {@link Activity} reads it.
 */
export class ManagedServer {
  readonly #instance: Instance;
  readonly #logFile: string;
  readonly #events: ServerEvents;
  #process: ReturnType<typeof spawnServer> | undefined;
  #state: ServerState = 'stopped';
  #stopping = false;
  #failures = 0;
  #restart: NodeJS.Timeout | undefined;
  /** New sessions have to wait. */
  #isClosed = false;
  readonly #held: HeldConfiguration;
  /** The places for which nothing is received, as a text; undefined if there are none. */
  #excluded: string | undefined;
  /** The excluded places with which the running server was started. */
  #startedWith: string | undefined;
  #isExchanged = false;
  /** Servers that have ended. Their sessions may continue. */
  readonly #former = new Set<number>();

  /** @param directory - for files that only the server needs; only we can write to its parent */
  constructor(
    instance: Instance,
    logFile: string,
    events: ServerEvents = {},
    directory = `${logFile}.held`,
  ) {
    this.#instance = instance;
    this.#logFile = logFile;
    this.#events = events;
    this.#held = new HeldConfiguration(directory);
  }

  /** The file in which its sessions note what they do; see {@link SessionTraces}. */
  get tracesFile(): string {
    // The file is beside the log, because both are needed after a restart.
    return `${this.#logFile}.traces`;
  }

  get state(): ServerState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Pids of the open sessions, including those that an earlier server began. */
  readonly sessions = (): number[] => {
    const own = this.pid === undefined ? [] : childrenOf(this.pid);
    return this.#former.size === 0 ? own : [...own, ...this.#leftOver()];
  };

  /**
   * Waits until the remains of an earlier server are gone; see {@link claimPort}. Peers can't
   * connect until {@link start}.
   *
   * Throws a {@link PortTakenError}.
   */
  claim(): Promise<void> {
    return claimPort(this.#instance);
  }

  /**
   * Starts the server and waits until it listens. If the server is killed meanwhile, for example
   * because memory is short, it is started again.
   *
   * Throws a {@link PortTakenError}, or a {@link ServerStartError} with csync2's message.
   */
  async start(): Promise<void> {
    await this.claim();
    this.#stopping = false;
    this.#state = 'starting';
    let end = await this.#listening(this.#spawn());
    for (let tries = 1; end?.isKill && tries < startTries && !this.#stopping; tries++) {
      await new Promise((resolve) => setTimeout(resolve, startMilliseconds * 2 ** tries));
      this.#endLeftOver();
      end = await this.#listening(this.#spawn());
    }
    if (end) {
      this.#stopping = true;
      this.#state = 'stopped';
      throw new ServerStartError(end);
    }
  }

  /**
   * From now on receives nothing at and below these places. Peers keep pending what they have for
   * them. A running server is replaced, and its sessions are ended. Peers send unfinished files
   * again.
   */
  exclude(places: readonly PathBytes[], config: CsyncConfig): void {
    const excluded =
      places.length === 0 ? undefined : JSON.stringify([places.map(toKey).sort(), config]);
    if (excluded === this.#excluded) return;
    this.#excluded = excluded;
    // This comes first, because a session works in the wrong place from now on. A server that does
    // not listen yet is replaced when it does.
    if (this.#state === 'listening') this.#exchange();
    if (excluded === undefined) this.#held.remove();
    else this.#held.write(config, this.#instance.systemDirectory, places);
  }

  /** Ends the server and its sessions. The next server starts when this one has ended. */
  #exchange(): void {
    this.#isExchanged = true;
    for (const pid of this.sessions()) sendSignal(pid, 'SIGTERM');
    // The server may be stopped, and has nothing to lose.
    this.#process?.kill('SIGKILL');
  }

  /**
   * Makes new sessions wait until {@link releaseSessions}. The listening process is stopped, so
   * connections wait in the kernel's queue. Open sessions have processes of their own and continue.
   */
  holdSessions(): void {
    this.#isClosed = true;
    const { pid } = this;
    if (pid === undefined || this.#state !== 'listening') return;
    sendSignal(pid, 'SIGSTOP');
    // The process may still accept a connection until it has really stopped. That takes
    // microseconds, but on a busy machine the process needs a CPU for it.
    for (let looks = 0; looks < stopLooks && statOfProcess(pid)?.state !== 'T'; looks++)
      Atomics.wait(nobody, 0, 0, stopLookMilliseconds);
  }

  /** Lets new sessions in again. */
  releaseSessions(): void {
    this.#isClosed = false;
    // The content of the log has just been read.
    if (this.#state === 'listening') boundLog(this.#logFile);
    if (this.pid !== undefined) sendSignal(this.pid, 'SIGCONT');
  }

  /**
   * Ends the server, and waits for its sessions. A session that is broken off has written a file
   * but not its note, and the next check would treat that file as a local change.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    this.#process?.kill('SIGTERM');
    // A stopped process handles the signal only when it continues.
    this.releaseSessions();
    await this.#process;
    const deadline = performance.now() + sessionGraceSeconds * 1000;
    while (this.#leftOver().length > 0 && performance.now() < deadline) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.#endLeftOver();
    this.#held.remove();
    this.#state = 'stopped';
  }

  #spawn(): Promise<ServerEnd> {
    requireDescriptors();
    const log = openLog(this.#logFile);
    const from = fstatSync(log).size;
    this.#startedWith = this.#excluded;
    const directory =
      this.#excluded === undefined ? this.#instance.systemDirectory : this.#held.directory;
    const server = spawnServer(
      { ...this.#instance, systemDirectory: directory },
      log,
      this.tracesFile,
    );
    this.#process = server;
    closeSync(log);
    return server.then(async (result) => {
      const why =
        (await this.#lastMessage(from)) ??
        result.originalMessage ??
        `exit code ${result.exitCode ?? result.signal}`;
      this.#onEnd(why);
      return { why, isKill: result.signal !== undefined };
    });
  }

  /** Waits for the last message of a server that has ended, which is written a moment later. */
  async #lastMessage(from: number): Promise<string | undefined> {
    for (let look = 0; look < 10; look++) {
      const message = lastMessage(this.#logFile, from);
      if (message !== undefined) return message;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return undefined;
  }

  /**
   * Waits for the listening socket, because csync2 announces it only into a buffer. Returns how the
   * server ended, if it did.
   */
  async #listening(ended: Promise<ServerEnd>): Promise<ServerEnd | undefined> {
    let end: ServerEnd | undefined;
    void ended.then((how) => {
      end = how;
    });
    while (end === undefined) {
      const { pid } = this;
      if (pid !== undefined && isListening(pid)) {
        this.#state = 'listening';
        this.#failures = 0;
        if (this.#isClosed) this.holdSessions();
        if (this.#startedWith !== this.#excluded) this.#exchange();
        this.#events.onListening?.(pid);
        return undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    return end;
  }

  #onEnd(why: string): void {
    const wasStarting = this.#state === 'starting';
    if (this.pid !== undefined) this.#former.add(this.pid);
    this.#process = undefined;
    if (this.#stopping || wasStarting) return;
    this.#state = 'restarting';
    if (this.#isExchanged) {
      this.#isExchanged = false;
      this.#startAgain();
      return;
    }
    const seconds = Math.min(60, 2 ** this.#failures++ / 2);
    this.#events.onEnded?.(why, seconds);
    this.#restart = setTimeout(() => this.#startAgain(), seconds * 1000);
  }

  #startAgain(): void {
    try {
      this.#endLeftOver();
      void this.#listening(this.#spawn());
    } catch (error) {
      if (!isShortage(error)) throw error;
      this.#onEnd((error as Error).message);
    }
  }

  #leftOver(): number[] {
    return [...this.#former].flatMap((leader) => {
      const members = membersOfSession(leader);
      if (members.length === 0) this.#former.delete(leader);
      return members;
    });
  }

  /**
   * Ends the sessions of earlier servers. They have inherited the listening socket, so the port
   * stays taken as long as one of them hangs. Peers send unfinished files again.
   */
  #endLeftOver(): void {
    for (const pid of this.#leftOver()) sendSignal(pid, 'SIGTERM');
  }
}

function isListening(pid: number): boolean {
  try {
    return ownsListeningSocket(pid);
  } catch (error) {
    if (isShortage(error)) return false;
    throw error;
  }
}

/** How a server has ended. */
interface ServerEnd {
  readonly why: string;
  /** A signal ended the server. */
  readonly isKill: boolean;
}

/** csync2's server ended instead of listening. */
export class ServerStartError extends InotifyCsyncError {
  constructor({ why, isKill }: ServerEnd) {
    super(
      'ICS_SERVER_START',
      // A later start may succeed.
      isKill ? exitCodes.temporary : exitCodes.unavailable,
      `the csync2 server does not start: ${why}`,
      'run `csync2 -iiv` by hand with the same options to see it fail',
    );
  }
}

function spawnServer(instance: Instance, log: number, traces: string) {
  const args = [...instanceArguments(instance), '-ii', '-t', '-v'];
  // A stream only because execa accepts no other file descriptor. The process writes to the file
  // itself.
  const output = createWriteStream('', { fd: log, autoClose: false });
  const launcher = [
    '--messages',
    `--parent=${process.pid}`,
    '--death-signal=KILL',
    `--preload=${preloadPath()}`,
  ];
  return execa(launcherPath(), [...launcher, '--', instance.program, ...args], {
    env: { ...instanceEnvironment(instance), INOTIFY_CSYNC_TRACES: traces },
    stdin: 'ignore',
    stdout: output,
    stderr: output,
    buffer: false,
    reject: false,
    // Not in our process group, because we handle Ctrl-C ourselves. The launcher still ends with
    // us.
    detached: true,
  });
}

const sessionGraceSeconds = 8;
const startTries = 5;
const startMilliseconds = 100;
/** Nothing ever wakes a wait on this, so the wait is a sleep. */
const nobody = new Int32Array(new SharedArrayBuffer(4));
const stopLooks = 200;
const stopLookMilliseconds = 0.05;
