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

/** Told what the server does, for the log. */
export interface ServerEvents {
  readonly onListening?: (pid: number) => void;
  readonly onEnded?: (why: string, restartSeconds: number) => void;
}

/**
 * A `csync2 -ii -t -v` that we run and keep running. The launcher writes its messages into the log
 * file, which {@link Activity} tails; the file is bounded.
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
  /** New sessions are held up. */
  #isClosed = false;
  readonly #held: HeldConfiguration;
  /** The places that nothing is taken for, as a text; undefined: there are none. */
  #excluded: string | undefined;
  /** With which of them the server that runs was started. */
  #startedWith: string | undefined;
  #isExchanged = false;
  /** Servers that have ended; their sessions may go on. */
  readonly #former = new Set<number>();

  /** @param directory - for what only the server needs; its parent is ours alone to write */
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

  /** Where its sessions note what they do; see {@link SessionTraces}. */
  get tracesFile(): string {
    // Beside its log: both are needed after a restart.
    return `${this.#logFile}.traces`;
  }

  get state(): ServerState {
    return this.#state;
  }

  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Pids of the sessions being served, also of those that a server before this one began. */
  readonly sessions = (): number[] => {
    const own = this.pid === undefined ? [] : childrenOf(this.pid);
    return this.#former.size === 0 ? own : [...own, ...this.#leftOver()];
  };

  /**
   * Waits until what an earlier server has left behind is gone; see {@link claimPort}. Until
   * {@link start} nobody can reach us.
   *
   * Throws a {@link PortTakenError}.
   */
  claim(): Promise<void> {
    return claimPort(this.#instance);
  }

  /**
   * Starts the server and waits until it listens. One that is killed meanwhile, for want of memory,
   * say, is started again.
   *
   * Throws a {@link PortTakenError}, or a {@link ServerStartError} with what csync2 said.
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
   * From now on takes nothing at and below these places: peers keep what they have for them. A
   * server that runs is exchanged, and its sessions are ended; peers send again what was under way.
   */
  exclude(places: readonly PathBytes[], config: CsyncConfig): void {
    const excluded =
      places.length === 0 ? undefined : JSON.stringify([places.map(toKey).sort(), config]);
    if (excluded === this.#excluded) return;
    this.#excluded = excluded;
    // First of all: whatever a session does from now on, it does in the wrong place. One that does
    // not listen yet is exchanged when it does.
    if (this.#state === 'listening') this.#exchange();
    if (excluded === undefined) this.#held.remove();
    else this.#held.write(config, this.#instance.systemDirectory, places);
  }

  /** Ends the server and its sessions; the next is started when it has ended. */
  #exchange(): void {
    this.#isExchanged = true;
    for (const pid of this.sessions()) sendSignal(pid, 'SIGTERM');
    // It may be stopped, and has nothing to lose.
    this.#process?.kill('SIGKILL');
  }

  /**
   * Holds new sessions up until {@link admitSessions}: the listening process is stopped,
   * connections wait in the kernel's queue. Sessions that are open have processes of their own and
   * go on.
   */
  holdSessions(): void {
    this.#isClosed = true;
    const { pid } = this;
    if (pid === undefined || this.#state !== 'listening') return;
    sendSignal(pid, 'SIGSTOP');
    // Until it has really stopped it may still accept: microseconds, but on a busy machine it needs
    // a processor for that.
    for (let looks = 0; looks < stopLooks && statOfProcess(pid)?.state !== 'T'; looks++)
      Atomics.wait(nobody, 0, 0, stopLookMilliseconds);
  }

  /** Lets new sessions in again. */
  admitSessions(): void {
    this.#isClosed = false;
    // What is in the log has just been read.
    if (this.#state === 'listening') boundLog(this.#logFile);
    if (this.pid !== undefined) sendSignal(this.pid, 'SIGCONT');
  }

  /**
   * Ends the server, and waits for its sessions: one that is broken off has written a file and not
   * its note of it, and the next check would take that file for a local change.
   */
  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#restart);
    this.#process?.kill('SIGTERM');
    // A stopped process would take the signal only when it goes on.
    this.admitSessions();
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

  /** What a server that has ended says last is written a moment later. */
  async #lastMessage(from: number): Promise<string | undefined> {
    for (let look = 0; look < 10; look++) {
      const message = lastMessage(this.#logFile, from);
      if (message !== undefined) return message;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    return undefined;
  }

  /**
   * Waits for the listening socket; csync2 itself announces it only into a buffer. Returns why it
   * ended, if it did.
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
   * Ends the sessions of servers before: they have inherited the listening socket, so that the port
   * stays taken for as long as one of them hangs. Peers send again what was under way.
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
  /** By a signal. */
  readonly isKill: boolean;
}

/** csync2's server ended instead of listening. */
export class ServerStartError extends InotifyCsyncError {
  constructor({ why, isKill }: ServerEnd) {
    super(
      'ICS_SERVER_START',
      // It may be started another time.
      isKill ? exitCodes.temporary : exitCodes.unavailable,
      `the csync2 server does not start: ${why}`,
      'run `csync2 -iiv` by hand with the same options to see it fail',
    );
  }
}

function spawnServer(instance: Instance, log: number, traces: string) {
  const args = [...instanceArguments(instance), '-ii', '-t', '-v'];
  // A stream only because execa takes no other file descriptor; the process writes to the file
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
    // Not in our process group: Ctrl-C is for us to handle. The launcher ends with us all the same.
    detached: true,
  });
}

const sessionGraceSeconds = 8;
const startTries = 5;
const startMilliseconds = 100;
/** Nobody wakes it: to wait for it is to sleep. */
const nobody = new Int32Array(new SharedArrayBuffer(4));
const stopLooks = 200;
const stopLookMilliseconds = 0.05;
