import type { Cluster } from '../hosts/cluster.js';
import type { HostProcess } from '../hosts/host-process.js';
import { type HostShell, quoted } from '../hosts/host-shell.js';
import { progress } from '../progress.js';
import type { Side } from './side.js';

/**
 * The floor: somebody who knows at once what has changed types `csync2 -c` and `csync2 -u`. No
 * watcher can be quicker with one csync2 for all peers.
 */
export class ByHandSide implements Side {
  readonly name = 'csync2 by hand';
  readonly #cluster: Cluster;
  #servers: HostProcess[] = [];
  #shell: HostShell | undefined;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async start(): Promise<void> {
    progress('starting csync2 servers on all hosts');
    this.#servers = this.#cluster.hosts.map((host) => {
      host.clear('server');
      return host.start('server', ['csync2', ...host.csync2Options, '-ii', '-v']);
    });
    for (const server of this.#servers) {
      await server.until('listening', 10, () => server.output().includes('Listening on'));
    }
    this.#shell = this.#cluster.sender.shell();
    await this.#shell.run('true');
  }

  async sync(path: string, recursive: boolean): Promise<void> {
    const csync2 = ['csync2', ...this.#cluster.sender.csync2Options].map(quoted).join(' ');
    await this.#shell?.run(`${csync2} ${recursive ? '-cr' : '-c'} ${quoted(path)}; ${csync2} -u`);
  }

  async stop(): Promise<void> {
    this.#shell?.close();
    await Promise.all(this.#servers.map((server) => server.stop()));
    this.#servers = [];
  }
}
