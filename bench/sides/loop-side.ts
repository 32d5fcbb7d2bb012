import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Cluster } from '../hosts/cluster.js';
import type { HostProcess } from '../hosts/host-process.js';
import { progress } from '../progress.js';
import type { Side } from './side.js';

/**
 * What people do without a service: a shell loop round inotifywait and csync2 on every host
 * (loop.sh).
 */
export class LoopSide implements Side {
  readonly name = 'shell loop';
  readonly #cluster: Cluster;
  #loops: HostProcess[] = [];

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  async start(): Promise<void> {
    progress('starting the shell loop on all hosts');
    const { root, aside, hosts } = this.#cluster;
    this.#loops = hosts.map((host) => {
      host.clear('loop');
      return host.start('loop', [
        ...[
          'bash',
          script,
          host.file('loop-queue'),
          host.file('loop-server.log'),
          root,
          aside ?? '',
        ],
        ...host.csync2Options,
      ]);
    });
    for (const loop of this.#loops) {
      await loop.until('done with its first full check', 600, () =>
        loop.output().includes('waiting for changes'),
      );
    }
  }

  async stop(): Promise<void> {
    // It doesn't say when it has nothing left to do.
    await sleep(2000);
    await Promise.all(this.#loops.map((loop) => loop.stop()));
    this.#loops = [];
  }
}

// Not compiled: it lies beside the sources.
const script = fileURLToPath(new URL('../../../bench/sides/loop.sh', import.meta.url));
