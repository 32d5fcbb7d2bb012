import { type ChildProcess, type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { askDaemon, NoAnswerError, NotRunningError } from '#src/observe/control-client.js';
import type { PeerStatus, Status } from '#src/observe/status.js';
import { controlSocket } from '#src/state/run-files.js';
import { childrenOf, Namespaces, signalProcess, wordsOf } from './cluster-namespaces.js';
import { readTree, type Tree } from './cluster-tree.js';
import { type CommandResult, mustRun, runCommand } from './command.js';
import { type Entries, makingEntries } from './make-entries.js';

/** Where things are that a node shares with the others. */
export interface ClusterPlaces {
  /** Folder of the whole cluster. */
  readonly folder: string;
  /**
   * Every node has its own data here; the synchronised tree lies in it, so that it can be renamed
   * and mounted over.
   */
  readonly data: string;
  /** The synchronised tree. */
  readonly tree: string;
}

/**
 * One node: a network of its own, data of its own at a path that is the same on all, and the real
 * daemon.
 */
export class ClusterNode {
  readonly name: string;
  readonly address: string;
  readonly namespaces: Namespaces;
  /** What the daemon says. */
  readonly logFile: string;
  /** The csync2 server's log. */
  readonly serverLog: string;
  readonly systemDirectory: string;
  /** Directory, or URL, of csync2's database; to be changed before the start only. */
  database: string;
  /** Settings of the daemon, as flags. */
  flags: readonly string[] = [];
  /**
   * Whether the daemon writes down how long its event loop stands still; to be set before the
   * start.
   */
  isMeasured = false;
  /** Flags of Node.js for the daemon; to be set before the start. */
  nodeFlags: readonly string[] = [];
  readonly #folder: string;
  readonly #places: ClusterPlaces;
  readonly #runtime: string;
  #daemon: ChildProcess | undefined;

  private constructor(
    number: number,
    places: ClusterPlaces,
    folder: string,
    namespaces: Namespaces,
  ) {
    this.name = `node${number}`;
    this.address = addressOf(number);
    this.namespaces = namespaces;
    this.#places = places;
    this.#folder = folder;
    this.#runtime = join(folder, 'run');
    this.logFile = join(folder, 'daemon.log');
    this.serverLog = join(folder, 'csync2.log');
    this.systemDirectory = join(folder, 'etc');
    this.database = join(folder, 'database');
  }

  /** Makes node `number`, without a link. `dataSize` puts its data on a tmpfs of so many bytes. */
  static async create(
    number: number,
    places: ClusterPlaces,
    dataSize?: number,
  ): Promise<ClusterNode> {
    const folder = join(places.folder, `node${number}`);
    for (const name of ['data/tree', 'database', 'etc', 'run'])
      mkdirSync(join(folder, name), { recursive: true });
    writeFileSync(join(folder, 'hosts'), '');
    const data = dataSize
      ? `mount -t tmpfs -o mode=0755,size=${dataSize} cluster '${places.data}' && mkdir '${places.tree}'`
      : `mount --bind '${folder}/data' '${places.data}'`;
    const namespaces = await Namespaces.create(`
      ${data}
      mount --bind '${folder}/hosts' /etc/hosts
      ip link set lo up`);
    return new ClusterNode(number, places, folder, namespaces);
  }

  /** Path of the tree, as the node sees it. */
  get treePath(): string {
    return this.#places.tree;
  }

  /** Path, on this machine, of something in the tree; whatever the node has mounted there. */
  path(...parts: readonly string[]): string {
    return this.outside(join(this.#places.tree, ...parts));
  }

  /** Path, on this machine, of what the node finds at a path. */
  outside(path: string): string {
    return `/proc/${this.namespaces.pid}/root${path}`;
  }

  /** Writes a file of the tree, with the directories above it. */
  write(name: string, text: string): void {
    mkdirSync(dirname(this.path(name)), { recursive: true });
    writeFileSync(this.path(name), text);
  }

  /** A file of the tree; undefined if there is none. */
  read(name: string): string | undefined {
    try {
      return readFileSync(this.path(name), 'latin1');
    } catch {
      return undefined;
    }
  }

  /** Makes very many entries in the tree, or very deep ones. */
  async make(what: Entries, name: string, count: number, further?: string | number): Promise<void> {
    await this.mustRun(...makingEntries(what, join(this.#places.tree, name), count, further));
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true });
  }

  tree(): Tree {
    return readTree(this.path());
  }

  /** Replaces a file of csync2's system directory as an editor does. */
  configure(text: string, name = 'csync2.cfg'): void {
    const file = join(this.systemDirectory, name);
    writeFileSync(`${file}.new`, text, { mode: 0o600 });
    renameSync(`${file}.new`, file);
  }

  /** The names that the node can resolve. Written in place: the file is a mount. */
  setHosts(text: string): void {
    writeFileSync(join(this.#folder, 'hosts'), text);
  }

  /** Runs a command on the node. Never throws for an exit code. */
  run(...words: readonly string[]): Promise<CommandResult> {
    return runCommand(this.namespaces.enter(words), { env: this.#env });
  }

  /** Runs a command on the node that must succeed; gives its stdout. */
  mustRun(...words: readonly string[]): Promise<string> {
    return mustRun(this.namespaces.enter(words), { env: this.#env });
  }

  /** Runs csync2 by hand. 2 is its "nothing to list". */
  async csync2(...words: readonly string[]): Promise<string> {
    const result = await this.run('csync2', '-N', this.name, '-D', this.database, ...words);
    if (result.code !== 0 && result.code !== 2) {
      throw new Error(
        `csync2 ${words.join(' ')} ended with ${result.code}: ${result.stdout}${result.stderr}`,
      );
    }
    return result.stdout;
  }

  /**
   * Runs a csync2 server by hand, for a daemon with `--server external`. It ends with the node, or
   * when it is killed.
   */
  runServer(): ChildProcess {
    const log = openSync(this.serverLog, 'a');
    const words = ['csync2', '-N', this.name, '-D', this.database, '-ii', '-t', '-v'];
    const [program = '', ...args] = this.namespaces.enter(words);
    const server = spawn(program, args, { stdio: ['ignore', log, log], env: this.#env });
    closeSync(log);
    return server;
  }

  /**
   * A command of the product's command line, asking this node's daemon. Never throws for an exit
   * code.
   */
  command(...words: readonly string[]): Promise<CommandResult> {
    return runCommand(
      [process.execPath, commandLine, ...words, '--runtime-directory', this.#runtime],
      {
        env: this.#env,
      },
    );
  }

  /** The same, while it runs. The caller ends it. */
  spawnCommand(...words: readonly string[]): ChildProcessByStdio<null, Readable, Readable> {
    const all = [commandLine, ...words, '--runtime-directory', this.#runtime];
    return spawn(process.execPath, all, { env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
  }

  /** Starts the daemon; returns at once. */
  start(): void {
    const log = openSync(this.logFile, 'a');
    const words = [
      ...[
        process.execPath,
        ...this.nodeFlags,
        commandLine,
        'run',
        '-N',
        this.name,
        '-D',
        this.database,
      ],
      ...['--cfg-path', this.systemDirectory, '--csync-log', this.serverLog],
      ...['--queue-file', join(this.#folder, 'queue.log'), '--runtime-directory', this.#runtime],
      // What the watcher misses shall stay missing, so that a test sees it.
      ...(this.flags.includes('--full-sync-interval') ? [] : ['--full-sync-interval', '0']),
      ...['--log-level', 'debug', ...this.flags],
    ];
    const [program = '', ...args] = this.namespaces.enter(words);
    const measured = {
      NODE_OPTIONS: `--import ${loopDelay}`,
      LOOP_DELAY_FILE: this.#loopDelayFile,
    };
    const env = { ...this.#env, ...(this.isMeasured ? measured : {}) };
    this.#daemon = spawn(program, args, { stdio: ['ignore', log, log], env });
    closeSync(log);
  }

  /** Whether the daemon runs. */
  get running(): boolean {
    return (
      this.#daemon !== undefined &&
      this.#daemon.exitCode === null &&
      this.#daemon.signalCode === null
    );
  }

  /** The daemon's pid on this machine. */
  get pid(): number | undefined {
    // nsenter forks into the namespace of processes.
    return this.#daemon?.pid === undefined ? undefined : childrenOf(this.#daemon.pid)[0];
  }

  /** Pid of the csync2 server that the daemon runs. */
  get serverPid(): number | undefined {
    return this.#csync2Processes().find((pid) => isServer(pid));
  }

  /** Pids of the csync2 commands that the daemon runs at the moment: checks and pushes. */
  get commandPids(): number[] {
    return this.#csync2Processes().filter((pid) => !isServer(pid));
  }

  /**
   * The longest time for which the daemon's event loop has stood still, and the most memory it had.
   */
  measured(): { readonly longest: number; readonly megabytes: number } {
    return JSON.parse(readFileSync(this.#loopDelayFile, 'utf8'));
  }

  /** Ends the daemon and waits until it has ended. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
    const daemon = this.#daemon;
    if (!daemon || !this.running) return;
    const ended = once(daemon, 'exit');
    await this.#forked();
    if (this.pid !== undefined) signalProcess(this.pid, signal);
    // nsenter stops with its child, but does not go on with it.
    daemon.kill('SIGCONT');
    await ended;
  }

  /**
   * Kills daemon, server, sessions and commands at once, as the service manager does with what a
   * daemon leaves.
   */
  async crash(): Promise<void> {
    await this.#forked();
    const { serverPid } = this;
    const sessions = serverPid === undefined ? [] : [serverPid, ...childrenOf(serverPid)];
    const others = [...sessions, ...this.commandPids];
    const ended = this.stop('SIGKILL');
    for (const pid of others) signalProcess(pid, 'SIGKILL');
    await ended;
  }

  /** Stops or continues daemon, server and sessions, as a host that hangs. */
  freeze(signal: 'SIGSTOP' | 'SIGCONT'): void {
    const { pid, serverPid } = this;
    if (pid === undefined || serverPid === undefined) throw new Error(`${this.name} does not run`);
    for (const each of [pid, serverPid, ...childrenOf(serverPid)]) signalProcess(each, signal);
    // nsenter stops with its child, but does not go on with it.
    if (signal === 'SIGCONT') this.#daemon?.kill(signal);
  }

  /** Kills all that is on the node. */
  async end(): Promise<void> {
    await this.namespaces.end();
    this.#daemon?.kill('SIGKILL');
  }

  /** The daemon's status; undefined while it does not answer. */
  async status(): Promise<Status | undefined> {
    try {
      return (await askDaemon(controlSocket(this.#runtime), { command: 'status' })) as Status;
    } catch (error) {
      // It may be on its way down.
      if (error instanceof NotRunningError || error instanceof NoAnswerError) return undefined;
      throw error;
    }
  }

  /** What the daemon says of a peer. */
  async peer(name: string): Promise<PeerStatus | undefined> {
    return (await this.status())?.peers.find((peer) => peer.name === name);
  }

  /** Whether nothing is left to check, to send or to receive. */
  async isQuiet(): Promise<boolean> {
    const status = await this.status();
    if (!status) return false;
    const { state, queue, full_check_due: due, peers, server } = status;
    const idle =
      state === 'idle' && queue.depth === 0 && due === null && server.sessions.length === 0;
    return (
      idle &&
      peers.every((peer) => (peer.pending === 0 || peer.pending === null) && peer.state === 'idle')
    );
  }

  /** All that the daemon has said. */
  log(): string {
    try {
      return readFileSync(this.logFile, 'utf8');
    } catch {
      return '';
    }
  }

  /** Where the log ends now, to be given to {@link logged}. */
  get logEnd(): number {
    return this.log().length;
  }

  /** The lines of the log, from a place on, that fit. */
  logged(pattern: RegExp, from = 0): string[] {
    return this.log()
      .slice(from)
      .split('\n')
      .filter((line) => pattern.test(line));
  }

  get #loopDelayFile(): string {
    return join(this.#folder, 'loop-delay.json');
  }

  /** Just after the start there is no daemon yet that a signal could be sent to. */
  async #forked(): Promise<void> {
    while (this.running && this.pid === undefined) await sleep(2);
  }

  get #env(): NodeJS.ProcessEnv {
    return {
      ...process.env,
      CSYNC2_SYSTEM_DIR: this.systemDirectory,
      NOTIFY_SOCKET: undefined,
      JOURNAL_STREAM: undefined,
    };
  }

  #csync2Processes(): number[] {
    return this.pid === undefined
      ? []
      : childrenOf(this.pid).filter((pid) => /csync2$/.test(wordsOf(pid)[0] ?? ''));
  }
}

/** Address of node `number`. */
export function addressOf(number: number): string {
  return `10.77.0.${number}`;
}

function isServer(pid: number): boolean {
  return wordsOf(pid).includes('-ii');
}

const loopDelay = new URL('loop-delay.js', import.meta.url).href;
// This file runs as build/test/support/cluster-node.js.
const commandLine = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));
