import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { askDaemon, NotRunningError } from '#src/observe/control-client.js';
import type { ControlRequest } from '#src/observe/control-protocol.js';
import type { Status } from '#src/observe/status.js';
import { controlSocket } from '#src/state/run-files.js';
import type { Cluster } from '../hosts/cluster.js';
import type { Host } from '../hosts/host.js';
import type { HostProcess } from '../hosts/host-process.js';
import type { BenchOptions } from '../options.js';
import { progress } from '../progress.js';
import type { Side } from './side.js';

/** Which build of inotify-csync a side runs; all at once for the one that the benchmark is of. */
export interface DaemonBuild {
  readonly name: string;
  /** Its repository, built. */
  readonly directory: string;
}

/** The other build, which takes turns with this one; none if not asked for. */
export function otherBuild({ against }: Pick<BenchOptions, 'against'>): readonly DaemonBuild[] {
  return against === undefined ? [] : [{ name: 'before', directory: resolve(against) }];
}

/** inotify-csync on every host, with the settings it comes with. */
export class DaemonSide implements Side {
  readonly name: string;
  readonly #commandLine: string;
  readonly #cluster: Cluster;
  readonly #logLevel: string;
  #daemons: HostProcess[] = [];

  constructor(cluster: Cluster, logLevel: string, build = thisBuild) {
    this.name = build.name;
    this.#commandLine = join(build.directory, 'dist/cli/main.js');
    this.#cluster = cluster;
    this.#logLevel = logLevel;
  }

  async start(): Promise<void> {
    progress('starting inotify-csync on all hosts');
    this.#daemons = this.#cluster.hosts.map((host) => this.#startOn(host));
    for (const [index, host] of this.#cluster.hosts.entries()) {
      await this.#daemons[index]?.until(
        'ready',
        300,
        () => this.#daemons[index]?.output().includes(' ready: ') ?? false,
      );
      await this.#daemons[index]?.until('done with its first full check', 600, () =>
        this.isQuiet(host),
      );
    }
    // One that was quiet first may have got something from the last.
    await this.quiet();
  }

  /** Waits until no host has anything to do. */
  async quiet(): Promise<void> {
    for (const [index, host] of this.#cluster.hosts.entries()) {
      await this.#daemons[index]?.until('quiet', 600, () => this.isQuiet(host));
    }
  }

  /** Whether a host has nothing left to check or to send. */
  async isQuiet(host: Host): Promise<boolean> {
    const status = await this.ask(host, { command: 'status' });
    if (!status) return false;
    const { state, queue, full_check_due: due, peers, server } = status as Status;
    const idle =
      state === 'idle' && queue.depth === 0 && due === null && server.sessions.length === 0;
    return idle && peers.every((peer) => peer.pending === 0 && peer.state === 'idle');
  }

  /** Asks a host's daemon; undefined while it doesn't listen yet. */
  async ask(host: Host, request: ControlRequest): Promise<unknown> {
    try {
      return await askDaemon(controlSocket(this.#runtimeOf(host)), request);
    } catch (error) {
      if (error instanceof NotRunningError) return undefined;
      throw error;
    }
  }

  /** What the sender's daemon has written to its log. */
  senderLog(): string {
    return this.#daemons[0]?.output() ?? '';
  }

  async stop(): Promise<void> {
    await this.quiet();
    await this.end();
  }

  /** Stops them, whatever they have to do. */
  async end(): Promise<void> {
    await Promise.all(this.#daemons.map((daemon) => daemon.stop()));
    this.#daemons = [];
  }

  #startOn(host: Host): HostProcess {
    host.clear('daemon');
    mkdirSync(this.#runtimeOf(host), { recursive: true });
    return host.start('daemon', [
      ...[process.execPath, this.#commandLine, 'run', ...host.csync2Options],
      ...['--cfg-path', this.#cluster.config],
      ...['--queue-file', host.file('queue.log')],
      ...['--csync-log', host.file('csync2.log')],
      ...['--runtime-directory', this.#runtimeOf(host)],
      ...['--log-level', this.#logLevel],
    ]);
  }

  #runtimeOf(host: Host): string {
    return join(this.#cluster.runtime, host.name);
  }
}

// This file runs as build/bench/sides/daemon-side.js.
const thisBuild: DaemonBuild = {
  name: 'inotify-csync',
  directory: fileURLToPath(new URL('../../../', import.meta.url)),
};
